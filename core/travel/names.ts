/**
 * Names that a plugin may not take: another one's, or one that people would take for another's.
 *
 * @module
 */
import { suggest } from "../manifest/suggest.ts";
import type { Lock } from "../security/lock_file.ts";
import { KBertError } from "../wall/errors.ts";
import type { Candidate } from "./candidate.ts";
import type { HeldPlace } from "./place.ts";
import { formatResolved } from "./source_text.ts";

/** What a name is looked at against. */
export interface NameOptions {
  readonly place: HeldPlace;
  readonly lock: Lock;
  readonly candidate: Pick<Candidate, "isInPlace" | "entry">;
  /** Where the candidate comes from, for people. */
  readonly source: string;
}

/**
 * Returns if a plugin of this name may be put into the place by `plugin add`.
 *
 * @throws {KBertError} `source/refused` if it belongs to a plugin from elsewhere, or to one of the user's own
 */
export async function requireFreeName(
  name: string,
  { place, lock, candidate, source }: NameOptions,
): Promise<void> {
  const there = lock.get(name);
  if (there !== undefined) {
    const same = JSON.stringify(origin(there.source)) === JSON.stringify(origin(candidate.entry.source));
    if (same) return; // an update by another word
    const message = `Cannot add ${name} from ${source}: there is a plugin of this name from ` +
      `${formatResolved(there.source)}; remove it first if this one shall take its place`;
    throw new KBertError("source/refused", message, { source, expected: formatResolved(there.source) });
  }
  const folder = `${place.path}/${name}`;
  if (candidate.isInPlace || !await exists(folder)) return;
  const message =
    `Cannot add ${name} from ${source}: ${folder} is there already and was not added by this command; ` +
    "move it away first";
  throw new KBertError("source/refused", message, { source, file: folder });
}

/** What is said before somebody agrees, because names are easily mistaken. */
export function warningsAboutName(name: string, others: readonly { readonly name: string }[]): string[] {
  const near = suggest(name, others.map((other) => other.name).filter((other) => other !== name));
  return near === undefined ? [] : [`its name is like that of ${near}, which is another plugin`];
}

/** Without what changes from version to version. */
function origin(source: Candidate["entry"]["source"]): unknown {
  switch (source.source) {
    case "npm":
    case "jsr":
      return [source.source, source.package];
    case "local":
      return [source.source, source.path];
    default:
      return [source.source, source.url];
  }
}

async function exists(path: string): Promise<boolean> {
  return await Deno.lstat(path).then(() => true, () => false);
}
