/** Throws in every phase that ends it. */
import { PluginPort } from "k-bert/sdk";

export const meta = { class: "spoof" };

export class Main extends PluginPort {
  attack(): string {
    return "BLOCKED";
  }

  override preDeactivation(): void {
    throw Object.create(null, { message: { get: () => "\u001b[2J" } });
  }

  override deactivate(): void {
    throw new Error("BREACH: it went on");
  }

  override preUnload(): never {
    // deno-lint-ignore no-throw-literal -- what is thrown need not be an error
    throw "\u001b[31m";
  }

  override releaseResources(): Promise<void> {
    return Promise.reject({ toString: null });
  }
}
