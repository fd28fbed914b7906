/**
 * Runs every example in its small form, and prints a line for each: its name, whether it is ok or why not, and the
 * seconds that it took.
 *
 *     deno task examples [--only TEXT] [--json]
 *
 * Exits with 1 if one is not ok. What they write is removed.
 *
 * @module
 */
// deno-lint-ignore-file no-console -- a program's output is what it is for
import { parseOptions, runProgram, usage } from "../mod.ts";

/** An example: a script with arguments that make it small, and what its output has to show. */
interface Example {
  readonly name: string;
  readonly script: string;
  readonly args: readonly string[];
  readonly shows: RegExp;
}

const OUTPUT = "runs/.examples";
const SMALL = ["--limit", "200", "--steps", "12", "--output", OUTPUT];
const EXAMPLES: readonly Example[] = [
  {
    name: "spam: a head",
    script: "examples/spam/train.ts",
    args: SMALL,
    shows: /this model +\d\.\d{4}.*12 steps in/s,
  },
  {
    name: "spam: a head, augmenters and callbacks",
    script: "examples/spam/train.ts",
    args: [...SMALL, "--config", "examples/spam/with_plugins.yaml"],
    shows: /augmented copies: accuracy.*waiting for synonym_augmenter.*waiting for early_stopping/s,
  },
  {
    name: "penguins: a table, features, texts and a head",
    script: "examples/penguins/train.ts",
    args: ["--steps", "12", "--output", OUTPUT],
    shows: /Adelie.*12 steps in/s,
  },
];

await runProgram(async (signal) => {
  const { options, rest } = parseOptions(Deno.args, { only: "value", json: "flag" });
  if (rest.length > 0) throw usage(rest[0]!, `examples takes no ${rest[0]}`);
  const wanted = EXAMPLES.filter(({ name }) => name.includes(options.only ?? ""));
  if (wanted.length === 0) {
    throw usage("--only", `There is no example whose name has "${options.only}" in it`);
  }
  await Deno.mkdir(OUTPUT, { recursive: true });
  const started = performance.now();
  let failed = 0;
  try {
    for (const example of wanted) {
      signal.throwIfAborted();
      const { problem, seconds } = await run(example);
      if (problem !== undefined) failed++;
      if (options.json) {
        console.log(JSON.stringify({ name: example.name, ok: problem === undefined, problem, seconds }));
      } else console.log(`${example.name.padEnd(50)}  ${problem ?? "ok"}  ${seconds.toFixed(1)} s`);
    }
  } finally {
    await Deno.remove(OUTPUT, { recursive: true });
  }
  const seconds = Math.round((performance.now() - started) / 1_000);
  const counts = `${wanted.length - failed} passed | ${failed} failed (${seconds}s)`;
  if (!options.json) console.log(`\n${failed === 0 ? "ok" : "FAILED"} | ${counts}`);
  if (failed > 0) Deno.exit(1);
  return "done";
});

/** With the rights of a user's script, and no more. */
async function run({ script, args, shows }: Example): Promise<{ problem?: string; seconds: number }> {
  const started = performance.now();
  const { code, stdout, stderr } = await new Deno.Command("deno", {
    args: ["run", "--no-prompt", "--allow-read=.", "--allow-write=runs", "--allow-run=deno", script, ...args],
    env: { NO_COLOR: "1" },
  }).output();
  const seconds = (performance.now() - started) / 1_000;
  const [output, errors] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  if (code !== 0) return { problem: `exit code ${code}: ${errors!.trim().split("\n").at(-1)}`, seconds };
  return shows.test(output!)
    ? { seconds }
    : { problem: `it does not show ${shows}: ${output!.slice(-200)}`, seconds };
}
