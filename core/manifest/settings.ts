/**
 * What settings a plugin takes, and the check of those it is given.
 *
 * `min` and `max` bound whatever a type has to be counted: the value of a number, the characters of a
 * text, the items of a list. An object whose parts may all be left out may be left out itself, and then
 * still has their defaults.
 *
 * @module
 */

import { z } from "../deps/zod.ts";
import { type KeyPath, Positions } from "./positions.ts";
import { validate } from "./problems.ts";

/** How a manifest declares one setting. */
export interface SettingDeclaration {
  /** `float` takes whole numbers as well, `int` nothing else. */
  type: "int" | "float" | "string" | "bool" | "list" | "enum" | "object";
  /** Used when the setting is left out. */
  default?: unknown;
  /** Whether the setting must be given; then it has no default. @default {false} */
  required?: boolean | undefined;
  /** For people. */
  description?: string | undefined;
  /** Least number, characters or items. */
  min?: number | undefined;
  /** Most number, characters or items. */
  max?: number | undefined;
  /** What an enum may be. */
  values?: (string | number)[] | undefined;
  /** What each item of a list is; anything if left out. */
  items?: SettingDeclaration | undefined;
  /** What an object is made of; any keys if left out. */
  properties?: Configuration | undefined;
}

/** Declarations by the name of the setting. */
export type Configuration = { [name: string]: SettingDeclaration };

/** The settings of one plugin, checked against its manifest. */
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

/**
 * The settings of a plugin with its defaults, or everything that is wrong with them.
 *
 * @param where the document they come from, for messages
 * @throws {KBertError} `document/invalid`, with line and column if a `source` is given
 * @example
 * ```ts
 * import { parseSettings } from "./settings.ts";
 * import { assertEquals, assertThrows } from "../deps/assert.ts";
 *
 * const manifest = { name: "spam_head", configuration: { dropout: { type: "float", default: 0.1 } } } as const;
 * assertEquals(parseSettings(manifest, {}, "k-bert.yaml"), { dropout: 0.1 });
 *
 * const message = "k-bert.yaml: drop_out: unknown setting, did you mean dropout? (a setting of spam_head)";
 * assertThrows(() => parseSettings(manifest, { drop_out: 0 }, "k-bert.yaml"), Error, message);
 * ```
 */
export function parseSettings(
  manifest: Configurable,
  values: Readonly<Record<string, unknown>>,
  where: string,
  source?: SettingsSource,
): Record<string, unknown> {
  const origin = { file: where, note: `a setting of ${manifest.name}` };
  const schema = settingsSchema(manifest.configuration);
  if (source === undefined) return validate(values, schema, origin);
  const positions = new Positions(source.text);
  return validate(values, schema, { ...origin, prefix: source.path, placeOf: (path) => positions.of(path) });
}

/**
 * The schema of settings that are declared so: strict, with defaults.
 *
 * @example
 * ```ts
 * import { settingsSchema } from "./settings.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const schema = settingsSchema({ dropout: { type: "float", default: 0.1, min: 0, max: 1 } });
 * assertEquals(schema.parse({}), { dropout: 0.1 });
 * assertEquals(schema.safeParse({ dropout: 2 }).success, false);
 * ```
 */
export function settingsSchema(configuration: Configuration): z.ZodObject {
  const shape = Object.entries(configuration).map(([name, entry]) => [name, settingSchema(entry)]);
  return z.strictObject(Object.fromEntries(shape));
}

/** The schema of a setting that is given, whether or not it may be left out. */
export function valueSchema(entry: SettingDeclaration): z.ZodType {
  switch (entry.type) {
    case "int":
      return bounded(z.int(), entry);
    case "float":
      return bounded(z.number(), entry);
    case "string":
      return bounded(z.string(), entry);
    case "bool":
      return z.boolean();
    case "list":
      return bounded(z.array(entry.items === undefined ? z.unknown() : valueSchema(entry.items)), entry);
    case "enum":
      return z.literal(entry.values ?? []);
    case "object":
      return entry.properties === undefined
        ? z.record(z.string(), z.unknown())
        : settingsSchema(entry.properties);
  }
}

/** The value, and what happens when it is left out. */
function settingSchema(entry: SettingDeclaration): z.ZodType {
  const value = valueSchema(entry);
  if (entry.default !== undefined) return value.prefault(entry.default);
  if (entry.required === true) return value;
  const complete = entry.properties !== undefined && value.safeParse({}).success;
  return complete ? value.prefault({}) : value.optional();
}

function bounded<Schema extends { min(limit: number): Schema; max(limit: number): Schema }>(
  schema: Schema,
  { min, max }: SettingDeclaration,
): Schema {
  const atLeast = min === undefined ? schema : schema.min(min);
  return max === undefined ? atLeast : atLeast.max(max);
}
