/**
 * Deno as a child: what author's tools start for types and tests.
 *
 * Always with a list of rights and without questions. A right to start it that this program does not have is an error
 * that says the flag.
 *
 * @module
 */
import { KBertError } from "../wall/errors.ts";
import { ownHost, ownImports } from "./own_modules.ts";

/**
 * The Deno to start: the one that runs this program, if it may be started by its path, otherwise by its name.
 *
 * @param what for the error: `check types`
 * @throws {KBertError} `file/unusable` if this program may not start it
 */
export function denoProgram(what: string): string {
  for (const command of [Deno.execPath(), "deno"]) {
    if (Deno.permissions.querySync({ name: "run", command }).state === "granted") return command;
  }
  const message = `Cannot ${what} because this program may not start Deno; run it with --allow-run=deno`;
  throw new KBertError("file/unusable", message, { path: "deno" });
}

/**
 * Options with which `deno check` and `deno test` find the k-bert that runs now, whatever the folder's own deno.json
 * says, and leave no lock file behind.
 *
 * A deno.json that names this very k-bert is used as it is. Another one has a say about imports of its own only: Deno
 * 2.9.6 panics if it is given an import map as a URL beside the deno.json of the folder.
 *
 * @param more names and modules besides
 */
export async function moduleOptions(
  folder: string,
  more: Readonly<Record<string, string>> = {},
): Promise<string[]> {
  const config = `${await Deno.realPath(folder)}/deno.json`;
  const given = await importsOf(config);
  const wanted = { ...more, ...ownImports() };
  const host = ownHost();
  const isSame = given !== undefined &&
    Object.entries(wanted).every(([name, target]) => given[name] === target);
  const imports = { ...resolved(given ?? {}, config), ...wanted };
  const map = `data:application/json,${encodeURIComponent(JSON.stringify({ imports }))}`;
  return [
    ...(isSame ? [`--config=${config}`] : ["--no-config", `--import-map=${map}`]),
    "--no-lock",
    ...(host === undefined ? [] : [`--allow-import=${host}`]),
  ];
}

/** Those of a deno.json; undefined if there is none. @throws {KBertError} `document/invalid` */
async function importsOf(path: string): Promise<Readonly<Record<string, string>> | undefined> {
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
  try {
    return (JSON.parse(text) as { imports?: Record<string, string> }).imports ?? {};
  } catch (cause) {
    const message = `Cannot read ${path}: it is not JSON, and comments are not understood here`;
    throw new KBertError("document/invalid", message, { file: path, problems: [] }, { cause });
  }
}

/** What a map in a data URL cannot say: paths that are relative to the folder. */
function resolved(imports: Readonly<Record<string, string>>, config: string): Record<string, string> {
  const base = new URL(`file://${encodeURI(config)}`);
  return Object.fromEntries(
    Object.entries(imports).map(([name, target]) => [
      name,
      /^\.{0,2}\//.test(target) ? new URL(target, base).href : target,
    ]),
  );
}
