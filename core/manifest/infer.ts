/**
 * The type of the settings that a declaration lets through, computed by the compiler.
 *
 * It says what the check of the settings really gives: a setting with a default is always there, one
 * without is left out when it was not given (its key is absent, not undefined), and an object whose parts
 * may all be left out is always there.
 *
 * @module
 */

import type { Configuration, SettingDeclaration } from "./declaration.ts";

/**
 * Settings by a declaration that was written as a constant.
 *
 * @example
 * ```ts
 * import type { InferSettings } from "./infer.ts";
 *
 * const configuration = {
 *   pooling: { type: "enum", values: ["cls", "mean"], default: "cls" },
 *   layers: { type: "list", items: { type: "int" } },
 * } as const;
 *
 * function describe({ pooling, layers = [] }: InferSettings<typeof configuration>): string {
 *   const name: "cls" | "mean" = pooling;
 *   const sizes: readonly number[] = layers;
 *   return name + sizes.join();
 * }
 * ```
 */
export type InferSettings<Config extends Configuration> = string extends keyof Config
  ? Readonly<Record<string, unknown>>
  : Flat<
    & { readonly [Name in keyof Config as IfPresent<Config[Name], Name, never>]: ValueOf<Config[Name]> }
    & { readonly [Name in keyof Config as IfPresent<Config[Name], never, Name>]?: ValueOf<Config[Name]> }
  >;

/** What one setting is when it is there. */
export type ValueOf<Entry extends SettingDeclaration> = Entry["type"] extends "int" | "float" ? number
  : Entry["type"] extends "string" ? string
  : Entry["type"] extends "bool" ? boolean
  : Entry["type"] extends "enum" ? EnumValue<Entry>
  : Entry["type"] extends "list" ? readonly ItemOf<Entry>[]
  : Entry["type"] extends "object" ? ObjectOf<Entry>
  : unknown;

/**
 * The same declaration, with `never` for each key that does not belong in it: one that no declaration or
 * not this type has, a default that is none of its values, or one beside `required`.
 */
export type WellFormed<Config extends Configuration> = {
  readonly [Name in keyof Config]: WellFormedEntry<Config[Name]>;
};

type WellFormedEntry<Entry extends SettingDeclaration> =
  & {
    readonly [Key in keyof Entry]: Key extends "type" | "description" | "required" | OwnKeys[Entry["type"]]
      ? Key extends "items" ? Entry[Key] extends SettingDeclaration ? WellFormedEntry<Entry[Key]> : never
      : Key extends "properties" ? Entry[Key] extends Configuration ? WellFormed<Entry[Key]> : never
      : Entry[Key]
      : Key extends "default" ? Entry extends { required: true } ? never : ValueOf<Entry>
      : never;
  }
  & (Entry["type"] extends "enum" ? { readonly values: readonly unknown[] } : unknown);

/** Keys that only some types take, as KEYS_OF_TYPE in define.ts. */
interface OwnKeys {
  int: "min" | "max";
  float: "min" | "max";
  string: "min" | "max";
  bool: never;
  list: "min" | "max" | "items";
  enum: "values";
  object: "properties";
}

type EnumValue<Entry> = Entry extends { values: readonly (infer Value)[] } ? Value : never;
type ItemOf<Entry> = Entry extends { items: infer Item extends SettingDeclaration } ? ValueOf<Item> : unknown;
type ObjectOf<Entry> = Entry extends { properties: infer Parts extends Configuration } ? InferSettings<Parts>
  : Readonly<Record<string, unknown>>;

type IfPresent<Entry extends SettingDeclaration, Yes, No> = Entry extends { required: true } ? Yes
  : Entry extends { default: NonNullable<unknown> | null } ? Yes
  : Entry extends { type: "object"; properties: infer Parts extends Configuration }
    ? [RequiredIn<Parts>] extends [never] ? Yes : No
  : No;

/** Names of the parts that must be given. */
type RequiredIn<Parts extends Configuration> = {
  [Name in keyof Parts]: Parts[Name] extends { required: true } ? Name : never;
}[keyof Parts];

/** One object type instead of an intersection: what editors show. */
type Flat<Type> = { [Key in keyof Type]: Type[Key] };
