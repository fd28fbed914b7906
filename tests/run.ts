/**
 * Runs the tests with just the rights that they need, which no fixed line in deno.json could name: the
 * folder of the npm packages is another one on every machine, and so is the place for temporary files.
 *
 *     deno task test                        everything, doc examples too
 *     deno task test core/wall --filter x   a part
 *
 * This script itself may only start `deno`, and make and remove a folder in `runs/.tests`.
 *
 * @module
 */
// deno-lint-ignore-file no-console -- a program's output is what it is for
import { verdictOf } from "./verdict.ts";

/** Where tests put their temporary files: a folder for each run, so that two of them do not meet. */
const SCRATCH = "runs/.tests";

const { npmCache } = JSON.parse(await deno("info", "--json")) as { npmCache: string };
const everything = ["core", "workers", "plugins", "tests", "examples", "mod.ts"];
const hasPath = Deno.args.some((argument) => !argument.startsWith("-"));

await Deno.mkdir(SCRATCH, { recursive: true });
const scratch = await Deno.makeTempDir({ dir: await Deno.realPath(SCRATCH) });
const report = `${scratch}.xml`;
const ended = await new Deno.Command("deno", {
  args: [
    "test",
    "--doc",
    "--no-prompt",
    "--parallel",
    "--preload=tests/leaks.ts",
    `--junit-path=${report}`,
    ...["--sanitize-ops", "--sanitize-resources"], // off by themselves since Deno 2.9
    // Apart from deno.lock: a task installs what its lock file names, and `train` needs no test packages.
    "--lock=tests/deno.lock",
    `--allow-read=.,${npmCache}`,
    `--allow-write=${SCRATCH}`,
    "--allow-run=deno,git,bash", // git serves what plugins are fetched from; bash completes command lines
    "--allow-net=127.0.0.1",
    ...(hasPath ? [] : everything),
    ...Deno.args,
  ],
  env: { TMPDIR: scratch },
}).spawn().status;
const { code, note } = verdictOf(ended, await Deno.readTextFile(report).catch(() => undefined));
await Deno.remove(report).catch(() => {});
if (note !== undefined) console.error(note);
const left = [...Deno.readDirSync(scratch)].map(({ name }) => name);
await Deno.remove(scratch, { recursive: true });
if (left.length > 0) console.error(`Tests left files behind: ${left.join(", ")}`);
Deno.exit(code || (left.length > 0 ? 1 : 0));

async function deno(...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command("deno", { args, stderr: "piped" }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}
