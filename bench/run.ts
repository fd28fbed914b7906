/**
 * `deno task bench [--only NAME,…] [--json FILE]`: prints a table of ratios and writes the same as JSON.
 *
 * @module
 */
// deno-lint-ignore-file no-console -- a table is what this is for
import { parseOptions, runProgram } from "../mod.ts";
import { headStepRow } from "./head_step.ts";
import { type Row, table } from "./rows.ts";
import { stepRow } from "./step.ts";

const BENCHES: Readonly<Record<string, () => Promise<Row>>> = {
  "head-step/worker": () => headStepRow(15),
  "step/tiny": () => stepRow("tiny", 5),
  "step/mini": () => stepRow("mini", 2),
};

await runProgram(async () => {
  const { options } = parseOptions(Deno.args, { only: "value", json: "value" });
  const only = options.only?.split(",");
  const rows: Row[] = [];
  for (const [name, measure] of Object.entries(BENCHES)) {
    if (only && !only.some((one) => name.startsWith(one))) continue;
    console.error(`measuring ${name}`);
    rows.push(await measure());
  }
  console.log(table(rows));
  if (options.json !== undefined) {
    await Deno.writeTextFile(options.json, `${JSON.stringify(rows, null, 2)}\n`);
  }
  return "done";
});
