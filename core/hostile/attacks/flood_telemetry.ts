// deno-lint-ignore-file no-console -- the console is one of the ways
/** Posts more events, log lines and measurements than anybody reads, in one turn: 300 MB of them. */
import { RIGHTS } from "./own/rights.ts";

const TOPIC = RIGHTS.emits[0] ?? "declared";

export const meta = { class: "starve" };

interface Head {
  readonly eventBus: { post(topic: string, payload?: unknown): void };
  readonly logger: { info(message: string): void };
  readonly metrics: { count(name: string): void };
}

export function attack({ eventBus, logger, metrics }: Head): string {
  const text = "x".repeat(8_000);
  for (let turn = 0; turn < 10_000; turn++) {
    eventBus.post(TOPIC, text);
    logger.info(text);
    console.log(text, text);
    metrics.count("flood");
  }
  return "BLOCKED";
}
