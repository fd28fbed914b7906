/**
 * How a setting is declared, and the schema that follows from it.
 *
 * `min` and `max` bound whatever a type has to be counted: the value of a number, the characters of a
 * text, the items of a list. An object whose parts may all be left out may be left out itself, and then
 * still has their defaults. The SDK imports this in every worker, so it stays free of YAML.
 *
 * @module
 */

import { z } from "../deps/zod.ts";

/** How a manifest declares one setting. */
export interface SettingDeclaration {
  /** `float` takes whole numbers as well, `int` nothing else. */
  readonly type: "int" | "float" | "string" | "bool" | "list" | "enum" | "object";
  /** Used when the setting is left out. */
  readonly default?: unknown;
  /** Whether the setting must be given; then it has no default. @default {false} */
  readonly required?: boolean | undefined;
  /** For people. */
  readonly description?: string | undefined;
  /** Least number, characters or items. */
  readonly min?: number | undefined;
  /** Most number, characters or items. */
  readonly max?: number | undefined;
  /** What an enum may be. */
  readonly values?: readonly (string | number)[] | undefined;
  /** What each item of a list is; anything if left out. */
  readonly items?: SettingDeclaration | undefined;
  /** What an object is made of; any keys if left out. */
  readonly properties?: Configuration | undefined;
}

/** Declarations by the name of the setting. */
export type Configuration = { readonly [name: string]: SettingDeclaration };

/**
 * The schema of settings that are declared so: strict, with defaults.
 *
 * @example
 * ```ts
 * import { settingsSchema } from "./declaration.ts";
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
      return z.literal([...entry.values ?? []]);
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
