/**
 * How a setting is declared, and the check of settings by their declarations.
 *
 * `min` and `max` bound whatever a type has to be counted: the value of a number, the characters of a
 * text, the items of a list. An object whose parts may all be left out may be left out itself, and then
 * still has their defaults. The SDK imports this in every worker, where loading the schema library would
 * take longer than anything else; so the seven types are checked by hand.
 *
 * @module
 */

import type { KeyPath } from "./positions.ts";
import { foundInstead, oneOf, type Problem, quantity, unknownKey } from "./problems.ts";

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

/** What a check gives: the value with its defaults, which is worth nothing if there are problems. */
export interface Checked<Value> {
  readonly value: Value;
  readonly problems: readonly Problem[];
}

/**
 * The settings with their defaults, and everything that is wrong with them.
 *
 * @example
 * ```ts
 * import { checkSettings } from "./declaration.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const declared = { dropout: { type: "float", default: 0.1, min: 0, max: 1 } } as const;
 * assertEquals(checkSettings(declared, {}), { value: { dropout: 0.1 }, problems: [] });
 * assertEquals(checkSettings(declared, { dropout: 2 }).problems, [
 *   { path: ["dropout"], message: "found 2, expected at most 1" },
 * ]);
 * ```
 */
export function checkSettings(
  configuration: Configuration,
  settings: Readonly<Record<string, unknown>>,
): Checked<Record<string, unknown>> {
  const problems: Problem[] = [];
  return { value: settingsOf(configuration, settings, [], problems), problems };
}

/** The same for one setting that is given, whether or not it may be left out. */
export function checkValue(declaration: SettingDeclaration, value: unknown): Checked<unknown> {
  const problems: Problem[] = [];
  return { value: valueOf(declaration, value, [], problems), problems };
}

function settingsOf(
  configuration: Configuration,
  settings: Readonly<Record<string, unknown>>,
  path: KeyPath,
  problems: Problem[],
): Record<string, unknown> {
  const checked: Record<string, unknown> = {};
  for (const [name, declaration] of Object.entries(configuration)) {
    const given = Object.hasOwn(settings, name) ? settings[name] : undefined;
    const value = given === undefined ? defaultOf(declaration) : given;
    if (value === undefined && declaration.required !== true) continue;
    checked[name] = valueOf(declaration, value, [...path, name], problems);
  }
  const known = Object.keys(configuration);
  for (const name of Object.keys(settings)) {
    if (Object.hasOwn(configuration, name)) continue;
    problems.push({ path: [...path, name], message: unknownKey(name, known) });
  }
  return checked;
}

/** What stands for a setting that is left out; nothing if that has to be given, or is just not there. */
function defaultOf({ default: value, required, properties }: SettingDeclaration): unknown {
  if (value !== undefined || required === true || properties === undefined) return value;
  return Object.values(properties).some((part) => part.required === true) ? undefined : {};
}

function valueOf(
  declaration: SettingDeclaration,
  value: unknown,
  path: KeyPath,
  problems: Problem[],
): unknown {
  const refuse = (expected: string, candidates?: readonly string[]): void =>
    void problems.push({ path, message: foundInstead(value, expected, candidates) });
  switch (declaration.type) {
    case "int":
      if (!Number.isSafeInteger(value)) refuse("a whole number");
      else checkBounds(declaration, value as number, "", refuse);
      return value;
    case "float":
      if (!Number.isFinite(value)) refuse("a number");
      else checkBounds(declaration, value as number, "", refuse);
      return value;
    case "string":
      if (typeof value !== "string") refuse("text");
      else checkBounds(declaration, value.length, "character", refuse);
      return value;
    case "bool":
      if (typeof value !== "boolean") refuse("true or false");
      return value;
    case "enum": {
      const words = (declaration.values ?? []).map(String);
      if (!declaration.values?.includes(value as string | number)) refuse(oneOf(words), words);
      return value;
    }
    case "list": {
      if (!Array.isArray(value)) return refuse("a list");
      checkBounds(declaration, value.length, "item", refuse);
      const { items } = declaration;
      if (items === undefined) return [...value];
      return value.map((item, index) => valueOf(items, item ?? null, [...path, index], problems));
    }
    case "object":
      if (!isMapping(value)) return refuse("a mapping");
      if (declaration.properties === undefined) return { ...value };
      return settingsOf(declaration.properties, value, path, problems);
  }
}

function checkBounds(
  { min, max }: SettingDeclaration,
  count: number,
  unit: string,
  refuse: (expected: string) => void,
): void {
  if (min !== undefined && count < min) refuse(quantity("at least", min, unit));
  if (max !== undefined && count > max) refuse(quantity("at most", max, unit));
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
