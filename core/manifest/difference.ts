/**
 * Whether the settings that a plugin's code declares are those of its manifest.
 *
 * They are compared by what they mean: the order of keys, descriptions and a `required: false` that says
 * nothing do not count. The host checks settings by the manifest and the code reads them by its own
 * declaration, so where these two differ the compiler promised the code something that is not true.
 *
 * @module
 */

import { configurationSchema } from "./configuration.ts";
import type { Configuration, SettingDeclaration } from "./declaration.ts";
import { dotted, printable } from "./problems.ts";

/**
 * The first difference in words, undefined if there is none.
 *
 * @param declared what the code says, which may be anything: it comes from a plugin
 * @example
 * ```ts
 * import { configurationDifference } from "./difference.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const manifest = { layers: { type: "int", min: 1, default: 2 } } as const;
 * const same = { layers: { type: "int", default: 2, min: 1, required: false, description: "How many" } };
 * assertEquals(configurationDifference(same, manifest), undefined);
 *
 * const other = { layers: { type: "int", default: 3, min: 1 } };
 * const words = "layers.default is 3 in the code and 2 in plugin.yaml";
 * assertEquals(configurationDifference(other, manifest), words);
 * ```
 */
export function configurationDifference(declared: unknown, manifest: Configuration): string | undefined {
  const { data, error } = configurationSchema.safeParse(declared);
  if (data !== undefined) return configurations(data, manifest, []);
  const path = dotted((error?.issues[0]?.path ?? []).map(String));
  return `${path === "" ? "the configuration" : path} in the code is no declaration of settings`;
}

type Path = readonly string[];

function configurations(code: Configuration, yaml: Configuration, path: Path): string | undefined {
  const names = new Set([...Object.keys(code), ...Object.keys(yaml)]);
  return first(names, (name) => inBoth(ownOf(code, name), ownOf(yaml, name), [...path, name], declarations));
}

function declarations(code: SettingDeclaration, yaml: SettingDeclaration, path: Path): string | undefined {
  return first(["type", "required", "default", "min", "max", "values"] as const, (key) => {
    const [a, b] = [meaning(code, key), meaning(yaml, key)];
    if (canonical(a) === canonical(b)) return undefined;
    return `${dotted([...path, key])} is ${shown(a)} in the code and ${shown(b)} in plugin.yaml`;
  }) ?? inBoth(code.items, yaml.items, [...path, "items"], declarations) ??
    inBoth(code.properties, yaml.properties, [...path, "properties"], configurations);
}

/** Compares what both have; no items or properties at all is another meaning than any of them. */
function inBoth<Part>(
  code: Part | undefined,
  yaml: Part | undefined,
  path: Path,
  compare: (code: Part, yaml: Part, path: Path) => string | undefined,
): string | undefined {
  if (code === undefined && yaml === undefined) return undefined;
  if (code !== undefined && yaml !== undefined) return compare(code, yaml, path);
  return `${dotted(path)} is declared in ${code === undefined ? "plugin.yaml" : "the code"} only`;
}

function meaning(entry: SettingDeclaration, key: keyof SettingDeclaration): unknown {
  if (key === "required") return entry.required === true;
  if (key === "values") return entry.values?.map((value) => JSON.stringify(value)).toSorted();
  return entry[key];
}

/** One text for values that are the same, whatever the order of their keys. */
function canonical(value: unknown): string | undefined {
  return JSON.stringify(value, (_key, part: unknown) => {
    if (typeof part === "bigint" || typeof part === "number") return Number.isFinite(part) ? part : `${part}`;
    if (typeof part !== "object" || part === null || Array.isArray(part)) return part;
    return Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => a < b ? -1 : 1));
  });
}

function shown(value: unknown): string {
  return printable(canonical(value)?.slice(0, MAX_SHOWN) ?? "nothing");
}

const MAX_SHOWN = 80;

function ownOf(configuration: Configuration, name: string): SettingDeclaration | undefined {
  return Object.hasOwn(configuration, name) ? configuration[name] : undefined;
}

function first<Item>(items: Iterable<Item>, find: (item: Item) => string | undefined): string | undefined {
  for (const item of items) {
    const found = find(item);
    if (found !== undefined) return found;
  }
  return undefined;
}
