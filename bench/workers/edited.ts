/**
 * A script with one plugin, which somebody edits. It prints the number that the plugin's code has, and the longest
 * time that a call took since it printed one.
 *
 *     deno run … edited.ts FOLDER worker|process SPARES     reloads the plugin when it is saved
 *     deno run --watch … edited.ts FOLDER worker|process    is started again for that
 *
 * @module
 */
// deno-lint-ignore-file no-console -- what it prints is read by the bench
import { createRuntime, type Tier } from "../../mod.ts";

const [folder, tier, spares] = Deno.args as [string, Tier, string | undefined];
await using runtime = await createRuntime({ log: () => {}, spares: Number(spares ?? 0) });
const plugin = await runtime.plugins.start(folder, { tier });
using _watch = spares === undefined ? undefined : runtime.watch();
let printed: unknown;
let longestMs = 0;
for (;;) {
  const began = performance.now();
  const answer = await plugin.call("number", []);
  longestMs = Math.max(longestMs, performance.now() - began);
  if (answer !== printed) {
    console.log(`${answer} ${longestMs}`);
    printed = answer;
    longestMs = 0;
  }
  await new Promise((resolve) => setTimeout(resolve, 1));
}
