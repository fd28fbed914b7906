/**
 * Declarations of settings in code, and what no declaration may say.
 *
 * Plugins import this in their workers, so it stays free of the schema library like declaration.ts. That
 * a value in a declaration has the right type is left to the compiler here, and to the schema of
 * configuration.ts for manifests; what is left are the rules that both share.
 *
 * @module
 */

import { checkValue, type Configuration, type SettingDeclaration } from "./declaration.ts";
import type { WellFormed } from "./infer.ts";
import { foundInstead, oneOf, type Problem, refusal } from "./problems.ts";

/** Which further keys each type takes. */
export const KEYS_OF_TYPE = {
  int: ["min", "max"],
  float: ["min", "max"],
  string: ["min", "max"],
  bool: [],
  list: ["min", "max", "items"],
  enum: ["values"],
  object: ["properties"],
} as const satisfies Record<SettingDeclaration["type"], readonly (keyof SettingDeclaration)[]>;

/** Keys that only some types take. */
export const TYPED_KEYS = ["min", "max", "values", "items", "properties"] as const;

/**
 * The declaration as it is, checked by the compiler, which then knows the type of the settings, and again
 * when it runs. It repeats the section `configuration` of plugin.yaml; the host compares the two.
 *
 * @throws {KBertError} `document/invalid` for a declaration that makes no sense
 * @example
 * ```ts
 * import { defineConfiguration } from "./define.ts";
 * import { assertThrows } from "../deps/assert.ts";
 *
 * defineConfiguration({ pooling: { type: "enum", values: ["cls", "mean"], default: "cls" } });
 * const message = "defineConfiguration: layers.default: found 0, expected at least 1";
 * assertThrows(() => defineConfiguration({ layers: { type: "int", min: 1, default: 0 } }), Error, message);
 * ```
 */
export function defineConfiguration<const Config extends Configuration>(
  configuration: Config & WellFormed<NoInfer<Config>>,
): Config {
  const problems = problemsWithin(configuration);
  if (problems.length > 0) throw refusal({ file: "defineConfiguration" }, problems);
  return configuration;
}

/** What makes no sense in one declaration, apart from those within it. */
export function declarationProblems(entry: SettingDeclaration): Problem[] {
  const problems: Problem[] = [];
  const refuse = (key: keyof SettingDeclaration, expected: string): void =>
    void problems.push({ path: [key], message: foundInstead(entry[key], expected) });
  const keys: readonly string[] | undefined = KEYS_OF_TYPE[entry.type];
  if (keys === undefined) {
    const types = Object.keys(KEYS_OF_TYPE);
    return [{ path: ["type"], message: foundInstead(entry.type, oneOf(types), types) }];
  }
  for (const key of TYPED_KEYS) {
    if (entry[key] !== undefined && !keys.includes(key)) {
      refuse(key, `no such key with the type ${entry.type}`);
    }
  }
  if (entry.type === "enum" && entry.values === undefined) refuse("values", "a list of what the enum may be");
  if (entry.min !== undefined && entry.max !== undefined && entry.min > entry.max) {
    refuse("max", `at least ${entry.min}, the value of min`);
  }
  if (entry.default === undefined) return problems;
  if (entry.required === true) refuse("default", "no default, since the setting is required");
  if (entry.type === "enum" && entry.values === undefined) return problems;
  const inDefault = checkValue(entry, entry.default).problems;
  return [...problems, ...inDefault.map(({ path, message }) => ({ path: ["default", ...path], message }))];
}

function problemsWithin(configuration: Configuration): Problem[] {
  return Object.entries(configuration).flatMap(([name, entry]) => below(name, problemsOf(entry)));
}

function problemsOf(entry: SettingDeclaration): Problem[] {
  return [
    ...declarationProblems(entry),
    ...below("items", entry.items === undefined ? [] : problemsOf(entry.items)),
    ...below("properties", entry.properties === undefined ? [] : problemsWithin(entry.properties)),
  ];
}

function below(key: string, problems: readonly Problem[]): Problem[] {
  return problems.map(({ path, message }) => ({ path: [key, ...path], message }));
}
