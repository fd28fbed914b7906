/**
 * The settings that a plugin is given: checked against its family and its manifest, and made whole.
 *
 * @module
 */

import { checkSettings, type Configuration } from "./declaration.ts";
import { type BaseConfig, configurationOf, type PortName } from "./families.ts";
import { type KeyPath, Positions } from "./positions.ts";
import { refusal } from "./problems.ts";

/** What {@linkcode parseSettings} has to know of a manifest. */
export interface Configurable {
  readonly name: string;
  readonly configuration: Configuration;
}

/** The document that settings stand in, for places in messages. */
export interface SettingsSource {
  /** Its whole text. */
  text: string;
  /** Where in it the settings are, for example `["head", "settings"]`. */
  path: KeyPath;
}

/** What the user says about one use of a plugin, beside its settings. */
export interface PluginUse {
  /** @default {0} */
  readonly priority?: number;
  /** @default {true} */
  readonly enabled?: boolean;
  /** Another name than the manifest's. */
  readonly name?: string;
}

/**
 * The settings of a plugin with its defaults, or everything that is wrong with them.
 *
 * @param port the kind that the plugin is used as; its family's settings are taken too
 * @param where the document they come from, for messages
 * @throws {KBertError} `document/invalid`, with line and column if a `source` is given
 * @example
 * ```ts
 * import { parseSettings } from "./settings.ts";
 * import { assertEquals, assertThrows } from "../deps/assert.ts";
 *
 * const manifest = { name: "stopper", configuration: { mode: { type: "string", default: "min" } } } as const;
 * const settings = parseSettings(manifest, "callback", { patience: 3 }, "k-bert.yaml");
 * assertEquals(settings, { monitor: "val_loss", patience: 3, min_delta: 0.001, mode: "min" });
 *
 * const slip = () => parseSettings(manifest, "callback", { patiense: 3 }, "k-bert.yaml");
 * const message = "k-bert.yaml: patiense: unknown setting, did you mean patience? (a setting of stopper)";
 * assertThrows(slip, Error, message);
 * ```
 */
export function parseSettings(
  manifest: Configurable,
  port: PortName,
  values: Readonly<Record<string, unknown>>,
  where: string,
  source?: SettingsSource,
): Record<string, unknown> {
  const { value, problems } = checkSettings(configurationOf(manifest.configuration, port), values);
  if (problems.length === 0) return value;
  const origin = { file: where, note: `a setting of ${manifest.name}` };
  if (source === undefined) throw refusal(origin, problems);
  const positions = new Positions(source.text);
  throw refusal({ ...origin, prefix: source.path, placeOf: (path) => positions.of(path) }, problems);
}

/**
 * The config that a plugin is made with: what it is told about itself, and its settings.
 *
 * @param settings of {@linkcode parseSettings}
 * @example
 * ```ts
 * import { completeConfig } from "./settings.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const manifest = { name: "stopper", version: "1.2.0", dependencies: [] };
 * assertEquals(completeConfig(manifest, { patience: 3 }, { priority: 5 }), {
 *   ...{ name: "stopper", version: "1.2.0", enabled: true, priority: 5, dependencies: [], parameters: {} },
 *   patience: 3,
 * });
 * ```
 */
export function completeConfig(
  manifest: Pick<BaseConfig, "name" | "version" | "dependencies">,
  settings: Readonly<Record<string, unknown>>,
  use: PluginUse = {},
): BaseConfig & Record<string, unknown> {
  const { name, version, dependencies } = manifest;
  const base = { name, version, enabled: true, priority: 0, dependencies: [...dependencies], parameters: {} };
  return { ...base, ...use, ...settings };
}
