/** Emits on topics that look like those which it declares; that one came through is seen by the host. */
import { RIGHTS } from "./own/rights.ts";

interface Plugin {
  readonly eventBus: { emit(topic: string, payload?: unknown): Promise<void> };
}

export const meta = { class: "spoof" };

export async function attack({ eventBus }: Plugin): Promise<string> {
  for (const topic of RIGHTS.emits) {
    const beside = [
      `${topic}.more`,
      topic.toUpperCase(),
      `x.${topic}`,
      `${topic}_`,
      ` ${topic}`,
      `${topic}\n`,
    ];
    const shorter = topic.split(".").slice(0, -1).join(".");
    for (const other of [...beside, shorter, topic.replace(/[^.]+$/, "*"), topic.replace(/[^.]+$/, ">")]) {
      if (!RIGHTS.emits.includes(other)) {
        await eventBus.emit(other, { plugin_name: "neighbour" }).catch(() => {});
      }
    }
  }
  return "BLOCKED";
}
