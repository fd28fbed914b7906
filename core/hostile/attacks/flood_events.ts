/** Emits more events than anybody reads, in one turn, without waiting for any. */
import { RIGHTS } from "./own/rights.ts";

const TOPIC = RIGHTS.emits[0] ?? "declared";

export const meta = { class: "starve" };

interface Head {
  readonly eventBus: { emit(topic: string, payload?: unknown): Promise<void> };
}

export async function attack({ eventBus }: Head): Promise<string> {
  const flood = [TOPIC, "flood"].flatMap((topic) =>
    Array.from({ length: 20_000 }, (_, index) => eventBus.emit(topic, index))
  );
  const results = await Promise.allSettled(flood);
  const waited = results.filter(({ status }) => status === "fulfilled").length;
  // A window that is underway, and as many as may wait.
  return waited <= 11_000 ? "BLOCKED" : `BREACH: ${waited} events were kept for later`;
}
