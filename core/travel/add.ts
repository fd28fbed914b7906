/**
 * Puts plugins into a place: one from a source, those that its registry lists and that are not there, or what their
 * sources give by now.
 *
 * @module
 */
import { codeSize } from "../security/image.ts";
import type { LockEntry } from "../security/lock_file.ts";
import { changedFiles } from "../security/locked_image.ts";
import { KBertError } from "../wall/errors.ts";
import { type Candidate, fetchCandidate } from "./candidate.ts";
import { type Change, type ChangeOptions, exchange, fetchFor } from "./change.ts";
import type { PluginSourceSpec } from "./fetched.ts";
import { gitAddress } from "./git_url.ts";
import { requireFreeName } from "./names.ts";
import type { HeldPlace } from "./place.ts";
import { propose } from "./proposal.ts";
import { putFolder } from "./put_in_place.ts";
import { readRegistry, type RegistryEntry } from "./registry_file.ts";
import { formatSource } from "./source_text.ts";
import { beforeOf, surroundingsOf } from "./surroundings.ts";

/**
 * Adds a plugin from a source.
 *
 * @throws {KBertError} what {@linkcode fetchCandidate} and {@linkcode exchange} throw; `source/refused` for a name
 * that is taken; the place is as it was then
 */
export async function addPlugin(
  spec: PluginSourceSpec,
  place: HeldPlace,
  options: ChangeOptions,
): Promise<Change> {
  return await addFrom(undefined, spec, place, options);
}

/**
 * Fetches what the registry lists: what the lock knows exactly as it was, everything else as if it was added now.
 *
 * @returns what came of each, in the order of the registry
 * @throws {KBertError} as {@linkcode addPlugin} does; `plugin/locked` if a source does not give what it gave
 */
export async function addMissing(place: HeldPlace, options: ChangeOptions): Promise<Change[]> {
  const { plugins } = await readRegistry(place.path);
  const changes: Change[] = [];
  for (const entry of plugins) {
    options.signal.throwIfAborted();
    const { name, ...spec } = entry;
    changes.push(
      await restore(entry, place, options) ??
        await addFrom(name, spec as PluginSourceSpec, place, options),
    );
  }
  return changes;
}

/**
 * Takes over what the source of a plugin gives now.
 *
 * @throws {KBertError} as {@linkcode addPlugin} does; `plugin/unknown` if it was never added
 */
export async function updatePlugin(name: string, place: HeldPlace, options: ChangeOptions): Promise<Change> {
  const surroundings = await surroundingsOf(place);
  const entry = surroundings.registry.find((one) => one.name === name);
  if (entry === undefined) throw notAdded(name, place);
  const { name: _, ...spec } = entry;
  const given = spec as PluginSourceSpec;
  await using candidate = await fetchFor(name, given, place, surroundings, options.signal);
  return await exchange(candidate, entry, place, surroundings, options);
}

async function addFrom(
  name: string | undefined,
  spec: PluginSourceSpec,
  place: HeldPlace,
  options: ChangeOptions,
): Promise<Change> {
  const surroundings = await surroundingsOf(place);
  await using candidate = await fetchFor(name, spec, place, surroundings, options.signal);
  const entry = { name: candidate.image.manifest.name, ...withoutPassword(spec) };
  const { lock } = surroundings;
  await requireFreeName(entry.name, { place, lock, candidate, source: formatSource(spec) });
  return await exchange(candidate, entry, place, surroundings, options);
}

/** A registry is committed and read by others. */
function withoutPassword(spec: PluginSourceSpec): PluginSourceSpec {
  return spec.source === "git" ? { ...spec, url: gitAddress(spec.url).shown } : spec;
}

/** The very same again, or nothing; undefined if the lock does not know it. */
async function restore(
  { name, ...spec }: RegistryEntry,
  place: HeldPlace,
  { agree, signal }: ChangeOptions,
): Promise<Change | undefined> {
  const { lock } = await surroundingsOf(place);
  const before = await beforeOf(name, lock, place);
  if (before === undefined) return undefined;
  const { entry, image } = before;
  if (image?.sha256 === entry.sha256) {
    const bytes = codeSize(image);
    return { outcome: "unchanged", proposal: propose({ image, entry, bytes }, before) };
  }
  const options = { minimumAgeMinutes: 0, signal, locked: entry.source, name };
  await using candidate = await fetchCandidate(spec as PluginSourceSpec, place, options);
  if (candidate.image.sha256 !== entry.sha256) throw another(name, entry, candidate, place);
  const proposal = propose(candidate, before);
  // What is missing was agreed to before; what somebody has changed may be their work.
  if (before.isChanged && !await agree(proposal)) return { outcome: "refused", proposal };
  await putFolder(candidate, name, place);
  return { outcome: "restored", proposal };
}

function another(
  name: string,
  locked: LockEntry,
  { image, entry }: Candidate,
  { path }: HeldPlace,
): KBertError<"plugin/locked"> {
  const changed = changedFiles(locked.files, entry.files);
  const message =
    `The source of ${name} does not give what it gave: its hash is ${image.sha256}, and the lock ` +
    `says ${locked.sha256}; ${
      changed.slice(0, 5).join(", ")
    }; if the change is right, run plugin update ${name}`;
  return new KBertError("plugin/locked", message, {
    ...{ plugin: name, lock: path, expected: locked.sha256, actual: image.sha256, changed },
  });
}

function notAdded(name: string, { path }: HeldPlace): KBertError<"plugin/unknown"> {
  const message =
    `The registry of ${path} has no plugin ${name}; plugin list shows what there is, plugin add adds one`;
  return new KBertError("plugin/unknown", message, { plugin: name });
}
