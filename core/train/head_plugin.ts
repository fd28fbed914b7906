/**
 * A head as a plugin of a run: how it is loaded, what it is given, and whether it is still the same.
 *
 * The trainer is handed a function that loads heads, and never learns where they run.
 *
 * @module
 */
import { describe } from "../manifest/problems.ts";
import type { SettingsSource } from "../manifest/settings.ts";
import type { PluginImage } from "../security/image.ts";
import { KBertError } from "../wall/errors.ts";
import type { Tier } from "../wall/sandbox.ts";
import type { Checkpoint } from "./checkpoint.ts";
import type { HeadChannel } from "./head_client.ts";

/** A loaded head. Whoever loaded it disposes of it. */
export interface HeadPlugin extends HeadChannel, AsyncDisposable {
  readonly image: PluginImage;
  readonly tier: Tier;
}

/** Loads a head. */
export type LoadHead = (
  image: PluginImage,
  options: {
    settings: Record<string, unknown>;
    /** Where they stand, for messages. */
    settingsSource?: SettingsSource & { readonly file: string };
    seed: number;
    timeoutMs: number;
    tier?: Tier;
  },
) => Promise<HeadPlugin>;

/**
 * The user's settings, and what only the run knows: the encoder's width and the number of labels.
 *
 * @throws {KBertError} `input/invalid` if the user says something else about those.
 * @example
 * ```ts
 * import { headSettings } from "./head_plugin.ts";
 * import { assertEquals, assertThrows } from "../deps/assert.ts";
 *
 * const settings = headSettings({ pooling: "cls" }, 256, 2);
 * assertEquals(settings, { pooling: "cls", hidden_size: 256, num_labels: 2 });
 *
 * const message = "head.settings.num_labels is 3, and it can only be 2 in this run; leave it out";
 * assertThrows(() => headSettings({ num_labels: 3 }, 256, 2), Error, message);
 * ```
 */
export function headSettings(
  settings: Readonly<Record<string, unknown>>,
  hiddenSize: number,
  labels: number,
): Record<string, unknown> {
  const known = { hidden_size: hiddenSize, num_labels: labels };
  for (const [key, value] of Object.entries(known)) {
    const given = settings[key];
    if (given === undefined || given === value) continue;
    const name = `head.settings.${key}`;
    const message = `${name} is ${describe(given)}, and it can only be ${value} in this run; leave it out`;
    throw new KBertError("input/invalid", message, { name, limit: value });
  }
  return { ...settings, ...known };
}

/** Refuses to go on with other code than the weights were trained with. */
export function requireSamePlugin({ plugins, step }: Checkpoint, { manifest, sha256 }: PluginImage): void {
  const before = plugins.find(({ name }) => name === manifest.name);
  if (before?.sha256 === sha256) return;
  const difference = before
    ? `the plugin ${manifest.name} was ${before.version} (${before.sha256.slice(0, 12)}) and is ` +
      `${manifest.version} (${sha256.slice(0, 12)}) now`
    : `it was trained with ${plugins.map(({ name }) => name).join(", ")} and not with ${manifest.name}`;
  const message = `Cannot go on after step ${step}: ${difference}; restore the plugin, or start a new run`;
  throw new KBertError("checkpoint/unusable", message, { path: manifest.name, difference });
}
