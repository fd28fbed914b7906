/** Answers a stream that never ends, as fast as it can, and goes on when nobody wants it any more. */
import { PluginPort } from "k-bert/sdk";
import { RIGHTS } from "./own/rights.ts";

const TOPIC = RIGHTS.emits[0] ?? "declared";

export const meta = { class: "starve" };

export class Main extends PluginPort {
  async *attack(): AsyncGenerator<unknown> {
    try {
      for (let item = 0;; item++) {
        this.eventBus.post(TOPIC as "log.info", { message: "x", fields: {} });
        yield item < 99 ? "BLOCKED".repeat(1_000) : "BLOCKED";
      }
    } finally {
      // Leaving the loop waits for this.
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
