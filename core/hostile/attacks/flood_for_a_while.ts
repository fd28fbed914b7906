/** Posts as fast as it is let, in many turns, so that room is given back and taken again. */
import { RIGHTS } from "./own/rights.ts";

const TOPIC = RIGHTS.emits[0] ?? "declared";

export const meta = { class: "starve" };

interface Head {
  readonly eventBus: { post(topic: string, payload?: unknown): void };
}

export async function attack({ eventBus }: Head): Promise<string> {
  for (let turn = 0; turn < 50; turn++) {
    for (let post = 0; post < 4_000; post++) eventBus.post(TOPIC, turn);
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  return "BLOCKED";
}
