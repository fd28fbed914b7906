/**
 * A plugin of no particular kind: every public method is one that the host can call.
 *
 * @module
 */
import { type CallContext, type PluginConfig, PluginPort, type RuntimeEvents } from "k-bert/sdk";

/** The plugin's own topics, beside those of k-bert; plugin.yaml declares them too. */
export interface TextEvents extends RuntimeEvents {
  "text_tools.question": { text: string };
  "text_tools.language_seen": { text: string; language: string };
}

/** Small methods that show what a call can be. */
export class TextTools extends PluginPort<PluginConfig, TextEvents> {
  /** Answers questions that others ask by an event. */
  override initialize(): void {
    const answer = ({ text }: { text: string }): Promise<void> =>
      this.eventBus.emit("text_tools.language_seen", { text, language: this.language(text) });
    this.use(this.eventBus.on("text_tools.question", answer));
  }

  /** By the smallest words, which nobody can do without. */
  language(text: string): string {
    if (text === "") {
      throw Object.assign(new RangeError("A text has at least one letter"), { code: "text/empty" });
    }
    return /\b(the|of|and)\b/i.test(text) ? "en" : /\b(der|die|und)\b/i.test(text) ? "de" : "unknown";
  }

  /** A stream: the next word is looked for when the host asks for it. */
  async *words(text: string): AsyncGenerator<string> {
    for (const { segment, isWordLike } of new Intl.Segmenter("en", { granularity: "word" }).segment(text)) {
      if (isWordLike) yield segment;
    }
  }

  /** Bytes are moved here, and the answer is moved back: nothing is copied. */
  reverse(bytes: Uint8Array): Uint8Array {
    return bytes.reverse();
  }

  /** Ends when its caller gives it up, or the plugin is stopped. */
  listenForever({ signal }: CallContext): Promise<never> {
    return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  }
}
