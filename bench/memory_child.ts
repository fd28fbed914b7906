/**
 * `memory_child.ts plugin|bare COUNT`: prints how many bytes more are resident for each that is started.
 *
 * @module
 */
// deno-lint-ignore-file no-console -- its output is its answer
import { createRuntime } from "../mod.ts";
import { BareWorker } from "./bare_worker.ts";
import { ECHO_FOLDER } from "./echo_plugin.ts";

/** Until what was only needed for starting is given back. */
const SETTLE_MS = 1_000;

const [kind, count] = [Deno.args[0], Number(Deno.args[1])];
await using stack = new AsyncDisposableStack();
const runtime = stack.use(await createRuntime({ log: () => {}, spares: 0 }));

await start(); // what the first one brings is shared by all
const before = await resident();
for (let number = 0; number < count; number++) await start();
console.log(Math.round((await resident() - before) / count));

async function start(): Promise<void> {
  if (kind === "plugin") return void await runtime.plugins.start(ECHO_FOLDER, { tier: "worker" });
  const bare = stack.use(new BareWorker());
  await bare.ask("hello");
}

async function resident(): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  return Deno.memoryUsage().rss;
}
