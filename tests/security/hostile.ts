/**
 * Runs every attack of a folder as a plugin on this machine, and says of each whether it was held and why.
 *
 *     deno task hostile [--attacks DIR] [--tier process|worker] [--json FILE] [--only TEXT]
 *
 * Without arguments: the project's own suite, on both tiers. Exits with 1 if an attack is not held, and with 2
 * if it cannot be run. This program may read and write only in the project; another folder or file is named to a
 * second one, which is started with the right to just that.
 *
 * @module
 */
// deno-lint-ignore-file no-console -- a program's output is what it is for
import type { Tier } from "../../core/wall/sandbox.ts";
import { ownSuite, readSuite } from "../../core/hostile/attack_file.ts";
import { heading, line, summary } from "../../core/hostile/report.ts";
import { type Row, runAttacks } from "../../core/hostile/runner.ts";

const SCRATCH = "runs/.hostile";
const USAGE = "usage: deno task hostile [--attacks DIR] [--tier process|worker] [--json FILE] [--only TEXT]";
const OPTIONS = ["attacks", "tier", "json", "only"] as const;
const MARK = "--with-rights";

type Options = Partial<Record<(typeof OPTIONS)[number], string>>;

const options = parse(Deno.args.filter((argument) => argument !== MARK));
if (options === undefined) {
  console.error(USAGE);
  Deno.exit(2);
}
const needsRights = (options.attacks ?? options.json) !== undefined && !Deno.args.includes(MARK);
Deno.exitCode = needsRights ? await startWithRights(options) : await main(options);

async function main({ attacks: folder, tier, json, only = "" }: Options): Promise<number> {
  const suite = await (folder === undefined ? ownSuite() : readSuite(folder));
  const attacks = suite.attacks.filter(({ name }) => name.includes(only));
  if (attacks.length === 0) {
    console.error(
      `There is no attack in ${folder ?? "core/hostile/attacks"}${
        only === "" ? "" : ` whose name has "${only}" in it`
      }`,
    );
    return 2;
  }
  await Deno.mkdir(SCRATCH, { recursive: true });
  const scratch = await Deno.makeTempDir({ dir: await Deno.realPath(SCRATCH) });
  const tiers: readonly Tier[] = tier === undefined ? ["process", "worker"] : [tier as Tier];
  const names = attacks.map(({ name }) => name);
  const rows: Row[] = [];
  const start = performance.now();
  console.log(heading(names));
  try {
    for await (const row of runAttacks({ attacks, tiers, fixtures: suite.fixtures, scratch })) {
      rows.push(row);
      console.log(line(row, names));
    }
  } finally {
    await Deno.remove(scratch, { recursive: true });
  }
  if (json !== undefined) await Deno.writeTextFile(json, `${JSON.stringify(rows, null, 1)}\n`);
  console.log(summary(rows, performance.now() - start));
  return rows.every(({ held }) => held) ? 0 : 1;
}

async function startWithRights({ attacks, json }: Options): Promise<number> {
  const escape = (path: string): string => path.replaceAll(",", ",,");
  const read = [".", ...attacks === undefined ? [] : [escape(attacks)]];
  const write = [SCRATCH, ...json === undefined ? [] : [escape(json)]];
  const { code } = await new Deno.Command("deno", {
    args: [
      ...["run", "--no-prompt", `--allow-read=${read}`, `--allow-write=${write}`, "--allow-run=deno"],
      ...[new URL(import.meta.url).pathname, MARK, ...Deno.args],
    ],
  }).spawn().status;
  return code;
}

/** Undefined if it cannot be understood. */
function parse(args: readonly string[]): Options | undefined {
  const found: Options = {};
  for (let at = 0; at < args.length; at += 2) {
    const name = OPTIONS.find((one) => `--${one}` === args[at]);
    const value = args[at + 1];
    if (name === undefined || value === undefined || value.startsWith("--")) return undefined;
    found[name] = value;
  }
  return [undefined, "process", "worker"].includes(found.tier) ? found : undefined;
}
