/**
 * Runs the tests of a plugin with `deno test` in a child that may do what they need and nothing else: read the
 * plugin's folder, this k-bert and its packages, write into a temporary folder, and start Deno for plugins that run in
 * a process. A test that needs more is one of something that the plugin will not have either.
 *
 * Types are checked first, of the tests and all that they import. `deno test` would check this k-bert's workers, too,
 * each time that one is started.
 *
 * @module
 */
import { VENDOR_FOLDER } from "../manifest/dependency_file.ts";
import { KBertError } from "../wall/errors.ts";
import { denoProgram, moduleOptions } from "./deno_child.ts";
import { ownFolder } from "./own_modules.ts";

/** How tests are run. */
export interface RunTestsOptions {
  /** What `deno test` is told besides, such as `--filter`. */
  readonly args: readonly string[];
  readonly color: boolean;
  /** Interrupts them. */
  readonly signal: AbortSignal;
}

/** Names that `deno test` takes for tests. */
const TEST = /(?:^|[_.])test\.(?:ts|tsx|mts|js|mjs|jsx)$/;
const SKIPPED = new Set([VENDOR_FOLDER, "node_modules", "coverage"]);

/**
 * The files of tests below a folder, sorted, by their paths in it.
 *
 * @throws {KBertError} `file/unusable` if there is no such folder, or no test in it
 * @example
 * ```ts
 * import { testFiles } from "./run_tests.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * assertEquals(await testFiles("examples/plugins/event_aware"), ["event_aware_test.ts"]);
 * ```
 */
export async function testFiles(folder: string): Promise<string[]> {
  const files: string[] = [];
  const visit = async (below: string): Promise<void> => {
    for await (const { name, isDirectory, isFile } of Deno.readDir(`${folder}/${below}`)) {
      if (isDirectory && !name.startsWith(".") && !SKIPPED.has(name)) await visit(`${below}${name}/`);
      else if (isFile && TEST.test(name)) files.push(below + name);
    }
  };
  try {
    await visit("");
  } catch (cause) {
    if (!(cause instanceof Deno.errors.NotFound)) throw cause;
    throw new KBertError("file/unusable", `There is no folder ${folder}`, { path: folder }, { cause });
  }
  if (files.length > 0) return files.sort();
  const advice = "a file such as my_head_test.ts is one, and plugin new writes one for each kind of plugin";
  throw new KBertError("file/unusable", `There are no tests in ${folder}; ${advice}`, { path: folder });
}

/**
 * Runs them; what they print goes where this program prints.
 *
 * @returns whether all of them passed
 * @throws {KBertError} `file/unusable` if there are none, or this program may not start Deno
 */
export async function runTests(folder: string, { args, color, signal }: RunTestsOptions): Promise<boolean> {
  const files = await testFiles(folder);
  const deno = denoProgram("run tests");
  const cwd = await Deno.realPath(folder);
  await using scratch = await scratchFolder(cwd);
  const modules = await moduleOptions(folder);
  const env = {
    TMPDIR: scratch.path,
    TMP: scratch.path,
    TEMP: scratch.path,
    ...(!color && { NO_COLOR: "1" }),
  };
  const child = (args: readonly string[]): Promise<boolean> =>
    succeeds(new Deno.Command(deno, { args: [...args], cwd, env, stdin: "null" }), signal);
  if (!await child(["check", "--quiet", ...modules, ...files])) return false;
  signal.throwIfAborted();
  return await child([
    ...["test", "--no-prompt", "--no-check", "--unstable-worker-options", ...modules],
    `--allow-read=${list([cwd, ownFolder(), await npmCache(deno), scratch.path])}`,
    `--allow-write=${list([scratch.path])}`,
    `--allow-run=${list(["deno", deno])}`,
    "--allow-env=DENO_DIR,NPM_CONFIG_REGISTRY", // where modules from a URL are, which a plugin's process has to know
    ...args,
    ...files,
  ]);
}

/** On a terminal, Ctrl-C reaches the child by itself; a signal that was sent to this program has to be passed on. */
async function succeeds(command: Deno.Command, signal: AbortSignal): Promise<boolean> {
  const child = command.spawn();
  const interrupt = (): void => {
    try {
      child.kill("SIGINT");
    } catch {
      // It has ended already.
    }
  };
  signal.addEventListener("abort", interrupt);
  try {
    return (await child.status).success;
  } finally {
    signal.removeEventListener("abort", interrupt);
  }
}

/** In the system's place for temporary files if this program may write there, otherwise in the plugin's folder. */
async function scratchFolder(folder: string): Promise<{ readonly path: string } & AsyncDisposable> {
  const made = await Deno.makeTempDir({ prefix: "k-bert-test-" }).catch((error) => {
    if (error instanceof Deno.errors.NotCapable) {
      return Deno.makeTempDir({ dir: folder, prefix: ".testing-" });
    }
    throw error;
  });
  const path = await Deno.realPath(made);
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

async function npmCache(deno: string): Promise<string | undefined> {
  const { stdout } = await new Deno.Command(deno, { args: ["info", "--json"], stderr: "null" }).output();
  return (JSON.parse(new TextDecoder().decode(stdout)) as { npmCache?: string }).npmCache;
}

/** A list for one of Deno's flags. */
function list(values: readonly (string | undefined)[]): string {
  return values.filter((value) => value !== undefined).map((value) => value.replaceAll(",", ",,")).join(",");
}
