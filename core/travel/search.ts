/**
 * Looks for plugins by a word: those on this machine, and packages of npm with the keyword that `plugin pack` gives
 * them.
 *
 * npm itself is asked, as a program, because it knows the registry that its user has set up; this program names
 * none. What a registry says of a package is its author's word: nothing of it is believed or fetched here.
 *
 * @module
 */
import { z } from "../deps/zod.ts";
import { defaultPlaces, type PluginPlace, scanPlugins } from "../plugins/discovery.ts";
import { KBertError, messageOf } from "../wall/errors.ts";
import { printable } from "../wall/printable.ts";
import { PACKAGE_KEYWORD } from "./package_json.ts";

/** A plugin that was found. */
export interface SearchHit {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  /** What `plugin add` takes, or the folder of one that is here. */
  readonly source: string;
  readonly isHere: boolean;
}

/** Most packages that are shown. */
const MOST = 50;
const TIMEOUT_MS = 30_000;

/** Those on this machine whose name or description has the word in it; all of them for an empty word. */
export async function searchHere(
  word: string,
  places: readonly (PluginPlace | string)[] = defaultPlaces(),
): Promise<SearchHit[]> {
  const { found } = await scanPlugins(places);
  const wanted = word.toLowerCase();
  return found
    .filter(({ manifest: { name, description } }) => `${name} ${description}`.toLowerCase().includes(wanted))
    .map(({ manifest: { name, version, description }, folder }) => ({
      ...{ name, version, description: oneLine(description), source: printable(folder), isHere: true },
    }));
}

/**
 * Packages of npm, as its registry ranks them.
 *
 * @throws {KBertError} `source/unreachable` if npm is not installed or cannot reach its registry
 */
export async function searchNpm(word: string, signal: AbortSignal): Promise<SearchHit[]> {
  const text = await npm(
    ["search", "--json", `--searchlimit=${MOST}`, `keywords:${PACKAGE_KEYWORD}`, word],
    signal,
  );
  const { data } = answerSchema.safeParse(parsed(text));
  if (data === undefined) throw unreachable("npm answered something else than a list of packages");
  return data.slice(0, MOST).map(({ name, version, description }) => ({
    ...{ name: printable(name, 200), version, description: oneLine(description) },
    source: printable(`npm:${name}@^${version}`, 300),
    isHere: false,
  }));
}

const answerSchema = z.array(z.object({
  name: z.string().regex(/^(?:@[\w.-]+\/)?[\w.-]+$/),
  version: z.string().regex(/^\d+\.\d+\.\d+[\w.+-]*$/),
  description: z.string().nullish().transform((text) => text ?? ""),
}));

async function npm(args: string[], signal: AbortSignal): Promise<string> {
  const command = Deno.build.os === "windows" ? "npm.cmd" : "npm";
  try {
    const { success, stdout, stderr } = await new Deno.Command(command, {
      ...{ args, stdin: "null", stdout: "piped", stderr: "piped" },
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    }).output();
    signal.throwIfAborted();
    if (success) return new TextDecoder().decode(stdout);
    const lines = new TextDecoder().decode(stderr).split("\n").filter((line) => line.trim() !== "");
    throw unreachable(`npm says: ${printable(lines.at(0) ?? "nothing", 300)}`);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) throw unreachable("npm is not installed");
    if (error instanceof Deno.errors.NotCapable) throw unreachable("give deno --allow-run=npm");
    throw error;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw unreachable(`npm answered no JSON (${messageOf(error)})`);
  }
}

function unreachable(reason: string): KBertError<"source/unreachable"> {
  const message = `Cannot search npm: ${reason}; plugin search --here looks only on this machine`;
  return new KBertError("source/unreachable", message, { source: "npm" });
}

function oneLine(text: string): string {
  return printable(text.replace(/\s+/g, " ").trim(), 200);
}
