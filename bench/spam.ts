/**
 * `deno task bench:spam`: the main job with three seeds, as a person runs it, with mean and spread.
 *
 * @module
 */
// deno-lint-ignore-file no-console -- a table is what this is for
import type { ClassifierResult } from "../mod.ts";

const SEEDS = [1, 2, 3];
const RESULTS = "bench/results/spam.json";

interface SeedResult extends ClassifierResult {
  /** From the start of the process to its end. */
  readonly wallSeconds: number;
}

const results: SeedResult[] = [];
for (const seed of SEEDS) {
  const output = `runs/bench-spam-${seed}`;
  await Deno.remove(output, { recursive: true }).catch(() => {});
  const started = performance.now();
  const { success } = await new Deno.Command("deno", {
    args: ["task", "train", "--seed", String(seed), "--output", output],
    stdout: "inherit",
    stderr: "inherit",
  }).spawn().status;
  if (!success) Deno.exit(1);
  const wallSeconds = (performance.now() - started) / 1_000;
  const [run] = [...Deno.readDirSync(output)];
  const result = JSON.parse(
    await Deno.readTextFile(`${output}/${run!.name}/result.json`),
  ) as ClassifierResult;
  results.push({ ...result, wallSeconds });
  await Deno.remove(output, { recursive: true });
}

const figures: Record<string, (result: SeedResult) => number> = {
  accuracy: (result) => result.accuracy,
  f1: (result) => result.f1,
  "naive Bayes accuracy": (result) => result.baselines.naiveBayes.accuracy,
  "naive Bayes f1": (result) => result.baselines.naiveBayes.f1,
  "wall seconds": (result) => result.wallSeconds,
  "tokens/s": (result) => result.tokensPerSecond,
  "head's share": (result) => result.plugins[0]!.share,
};
for (const [name, of] of Object.entries(figures)) {
  const values = results.map(of);
  const mean = values.reduce((sum, one) => sum + one, 0) / values.length;
  const spread = Math.max(...values) - Math.min(...values);
  console.log(
    `${name.padEnd(22)} ${values.map((one) => one.toPrecision(4)).join("  ")}   mean ${
      mean.toPrecision(4)
    }, spread ${spread.toPrecision(2)}`,
  );
}
await Deno.writeTextFile(RESULTS, `${JSON.stringify(results, null, 2)}\n`);
console.log(`\nwritten to ${RESULTS}`);
