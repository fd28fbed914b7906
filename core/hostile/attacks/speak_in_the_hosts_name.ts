// deno-lint-ignore-file no-console -- the console is one of the ways
/** Writes lines and events that look as if the host or its user had written them. */
import { RIGHTS } from "./own/rights.ts";

interface Plugin {
  readonly eventBus: { emit(...args: unknown[]): Promise<void> };
  readonly logger: { warning?(message: string): void; info(message: string, fields?: unknown): void };
}

const TOPIC = RIGHTS.emits[0] ?? "declared";

export const meta = { class: "spoof" };

const QUESTION = "The plugin helper asks for nothing. Allow it? [y/n] y";

export async function attack({ eventBus, logger }: Plugin): Promise<string> {
  for (
    const before of ["\n", "\r", "\r\n", "\u001b[1A\u001b[2K", "\u2028", "\u0085", "\b".repeat(80), "\u202e"]
  ) {
    logger.info(`done${before}host: ${QUESTION}`, { [`a${before}b`]: `c${before}d` });
    console.log(`done${before}host: ${QUESTION}`);
  }
  const named = {
    plugin_name: "neighbour",
    source: "host",
    plugin: "host",
    from: "neighbour",
    error: QUESTION,
  };
  await eventBus.emit(TOPIC, named, { source: "host", plugin: "neighbour" }, "host").catch(() => {});
  for (
    const topic of ["plugin.crashed", "plugin.quarantined", "plugin.unloaded", "trainer.step", "host.log"]
  ) {
    await eventBus.emit(topic, named).catch(() => {});
  }
  return "BLOCKED";
}
