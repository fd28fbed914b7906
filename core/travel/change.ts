/**
 * One plugin of a place becomes what its source gives: fetched, compared with what was there, agreed to, put in
 * place. Adding and updating differ in what has to be so before.
 *
 * @module
 */
import type { LockEntry } from "../security/lock_file.ts";
import { type Faults, KBertError } from "../wall/errors.ts";
import { type Candidate, fetchCandidate } from "./candidate.ts";
import { joinRanges, rangesFor, requireFitting } from "./conflicts.ts";
import type { PluginSourceSpec } from "./fetched.ts";
import { warningsAboutName } from "./names.ts";
import type { HeldPlace } from "./place.ts";
import { type Proposal, propose } from "./proposal.ts";
import { putInPlace } from "./put_in_place.ts";
import type { RegistryEntry } from "./registry_file.ts";
import { beforeOf, type Surroundings } from "./surroundings.ts";

/** How a place is changed. */
export interface ChangeOptions {
  /** Whether somebody agrees to a proposal; if not, nothing changes. */
  readonly agree: (proposal: Proposal) => Promise<boolean>;
  /** Ends it before anything has changed. */
  readonly signal: AbortSignal;
  /** Whether a version is taken that is signed with another key than before, or not any more. @default {false} */
  readonly acceptKey?: boolean;
}

/** What came of one plugin. */
export interface Change {
  readonly outcome: "added" | "updated" | "restored" | "unchanged" | "refused";
  readonly proposal: Proposal;
}

/**
 * What a source gives now. Of packages, the newest version that fits the registry, all plugins that need it, and this
 * version of k-bert.
 *
 * @param name what it has to be called, if that is known
 */
export async function fetchFor(
  name: string | undefined,
  spec: PluginSourceSpec,
  place: HeldPlace,
  { minimumAgeMinutes, manifests }: Surroundings,
  signal: AbortSignal,
): Promise<Candidate> {
  const options = { minimumAgeMinutes, signal, ...(name !== undefined && { name }) };
  if (!("version" in spec)) return await fetchCandidate(spec, place, options);
  const needed = name === undefined ? [] : rangesFor(name, manifests);
  const ranges = [spec.version, ...needed.map(({ range }) => range)];
  let incompatible: KBertError | undefined;
  for (let tries = 1;; tries++) {
    try {
      return await fetchCandidate({ ...spec, version: joinRanges(ranges) }, place, options);
    } catch (error) {
      const found = foundOf(error);
      if (found !== undefined && tries < MOST_VERSIONS) {
        incompatible ??= error as KBertError;
        ranges.push(`<${found}`);
      } else throw incompatible ?? withReasons(error, spec.version, needed);
    }
  }
}

/** So many versions are looked at for one that was made for this k-bert. */
const MOST_VERSIONS = 10;

/** The version of a package that was made for another k-bert. */
function foundOf(error: unknown): string | undefined {
  if (!(error instanceof KBertError && error.code === "plugin/incompatible")) return undefined;
  return (error.detail as Faults["plugin/incompatible"]).found;
}

/** Who wanted what, if there is no version for all of them. */
function withReasons(
  error: unknown,
  wanted: string,
  needed: readonly { readonly by: string; readonly range: string }[],
): unknown {
  if (needed.length === 0 || !(error instanceof KBertError && error.code === "source/unreachable")) {
    return error;
  }
  const who = needed.map(({ by, range }) => `${by} needs ${range}`).join(", ");
  const message = `${error.message} (the registry wants ${wanted}, ${who})`;
  return new KBertError(error.code, message, error.detail, { cause: error });
}

/**
 * Compares, asks, and puts in place.
 *
 * @throws {KBertError} `plugin/dependency`, `plugin/signature`, `file/unusable`; the place is as it was then
 */
export async function exchange(
  candidate: Candidate,
  entry: RegistryEntry,
  place: HeldPlace,
  { lock, manifests }: Surroundings,
  { agree, signal, acceptKey = false }: ChangeOptions,
): Promise<Change> {
  const { manifest, sha256 } = candidate.image;
  const before = await beforeOf(entry.name, lock, place);
  const others = manifests.filter(({ name }) => name !== manifest.name);
  requireFitting(manifest, others);
  if (before !== undefined && !acceptKey) requireSameKey(entry.name, before.entry, candidate.entry);
  const warnings = [...warningsAboutName(manifest.name, others), ...warningsAboutVersion(candidate)];
  const proposal = propose(candidate, before, warnings);
  if (before?.image?.sha256 === sha256 && before.entry.sha256 === sha256) {
    return { outcome: "unchanged", proposal };
  }
  if (!await agree(proposal)) return { outcome: "refused", proposal };
  signal.throwIfAborted();
  await putInPlace(candidate, entry, place, lock);
  return { outcome: before ? "updated" : "added", proposal };
}

/** Ranges choose by what the package says, and loading goes by what the manifest says. */
function warningsAboutVersion({ entry: { source, version } }: Candidate): string[] {
  if (!("package" in source) || source.version === version) return [];
  return [`the package is version ${source.version}, and its plugin.yaml says ${version}`];
}

/** Trust on first use: who signed a plugin once signs what comes after it. */
function requireSameKey(name: string, before: LockEntry, now: LockEntry): void {
  if (before.key === undefined || before.key === now.key) return;
  const is = now.key === undefined ? "it is not signed any more" : `it is signed with ${now.key} now`;
  const message =
    `Cannot update ${name}: it was signed with ${before.key}, and ${is}; ask its author, and if it ` +
    "is right, run the command again with --accept-key";
  const detail = { plugin: name, expected: before.key, ...(now.key !== undefined && { actual: now.key }) };
  throw new KBertError("plugin/signature", message, detail);
}
