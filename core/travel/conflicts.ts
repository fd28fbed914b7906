/**
 * Whether the plugins of a place fit each other, and k-bert, before one of them is put there.
 *
 * @module
 */
import { satisfies, validRange } from "../deps/semver.ts";
import { pluginDependencies } from "../manifest/dependency.ts";
import type { PluginManifest } from "../manifest/schema.ts";
import { KBertError } from "../wall/errors.ts";

/** What has to be known of a plugin here. */
export type Fitting = Pick<PluginManifest, "name" | "version" | "dependencies">;

/**
 * Returns if all that `added` needs is there, and if it is what those need that are there.
 *
 * @param others every other plugin that can be started beside it
 * @throws {KBertError} `plugin/dependency` with everything that does not fit, and what to do about the first
 * @example
 * ```ts
 * import { requireFitting } from "./conflicts.ts";
 * import { assertThrows } from "../deps/assert.ts";
 *
 * const tokens = { name: "tokens", version: "1.1.0", dependencies: [] };
 * const mood = { name: "mood", version: "2.0.0", dependencies: ["tokens>=1.2.0"] };
 * const message = "mood 2.0.0 needs tokens >=1.2.0, and tokens is 1.1.0";
 * assertThrows(() => requireFitting(mood, [tokens]), Error, message);
 * ```
 */
export function requireFitting(added: Fitting, others: readonly Fitting[]): void {
  const there = new Map(others.map((other) => [other.name, other]));
  there.set(added.name, added);
  const faults = [...needs(added, there), ...others.flatMap((other) => needs(other, there, added.name))];
  const [first] = faults;
  if (first === undefined) return;
  const more = faults.length === 1 ? "" : `; and: ${faults.slice(1).map(({ words }) => words).join("; ")}`;
  const { by, name, range, version } = first;
  const advice = version === undefined
    ? `add ${name} first`
    : by === added.name
    ? `run plugin update ${name}, or take another version of ${added.name}`
    : `run plugin update ${by}, or take another version of ${added.name}`;
  const detail = { plugin: name, chain: [by, name], range, ...(version !== undefined && { version }) };
  throw new KBertError(
    "plugin/dependency",
    `Cannot put ${added.name} there: ${first.words}; ${advice}${more}`,
    detail,
  );
}

/**
 * A range that only those versions are in that all of these allow.
 *
 * @param ranges as npm writes them; `||` separates alternatives
 * @example
 * ```ts
 * import { joinRanges } from "./conflicts.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * assertEquals(joinRanges(["1.0.0 - 1.9.0 || 3", ">=1.2.0"]), ">=1.0.0 <=1.9.0 >=1.2.0 || >=3.0.0 <4.0.0-0 >=1.2.0");
 * assertEquals(joinRanges(["*", ">=1.0.0"]), ">=1.0.0");
 * assertEquals(joinRanges([]), "*");
 * ```
 */
export function joinRanges(ranges: readonly string[]): string {
  const limiting = [...new Set(ranges.map((range) => validRange(range) ?? range))].filter((range) =>
    range !== "*" && range !== ""
  );
  const joined = limiting.reduce<readonly string[]>(
    (alternatives, range) =>
      alternatives.flatMap((before) => range.split("||").map((one) => `${before} ${one.trim()}`.trim())),
    [""],
  );
  return joined.join(" || ") || "*";
}

/** What others need of a plugin, as ranges, with who needs it. */
export function rangesFor(name: string, others: readonly Fitting[]): { by: string; range: string }[] {
  return others.flatMap((other) =>
    pluginDependencies(other).filter((one) => one.name === name).map(({ range }) => ({
      by: other.name,
      range,
    }))
  );
}

interface Fault {
  readonly by: string;
  readonly name: string;
  readonly range: string;
  readonly version: string | undefined;
  readonly words: string;
}

function needs(plugin: Fitting, there: ReadonlyMap<string, Fitting>, only?: string): Fault[] {
  return pluginDependencies(plugin).filter(({ name }) => only === undefined || name === only)
    .flatMap(({ name, range }) => {
      const version = there.get(name)?.version;
      if (version !== undefined && satisfies(version, range)) return [];
      const is = version === undefined ? "there is none" : `${name} is ${version}`;
      const words = `${plugin.name} ${plugin.version} needs ${name} ${range}, and ${is}`;
      return [{ by: plugin.name, name, range, version, words }];
    });
}
