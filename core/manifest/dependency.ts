/**
 * What a plugin needs: npm packages with exact versions, and other plugins by name and range.
 *
 * A range of plugins is written as npm or as Python writes it, because the plugin guide does the latter:
 * `spam_head@^1.0.0`, `spam_head>=1.2.0`, `spam_head >=1.0.0 <2.0.0`, or just `spam_head`.
 *
 * @module
 */

import { valid, validRange } from "../deps/semver.ts";

/** Another plugin that a plugin needs. */
export interface PluginDependency {
  readonly name: string;
  /** As it is written; `*` for any version. */
  readonly range: string;
}

/** The form of a dependency, for editors; which versions are ones is for {@linkcode dependencyProblem}. */
export const DEPENDENCY_FORM =
  /^(?:npm:(?:@[a-z0-9._-]+\/)?[a-z0-9][a-z0-9._-]*@\S+|[a-z][a-z0-9_-]{0,63}(?:(?:@|\s*(?=[<>=~^])|\s+)\S.*)?)$/;

const NPM = /^npm:((?:@[a-z0-9._-]+\/)?[a-z0-9][a-z0-9._-]*)@(.+)$/;
const PLUGIN = /^([a-z][a-z0-9_-]{0,63})(?:(?:@|\s*(?=[<>=~^])|\s+)(\S.*))?$/;

/**
 * The other plugins that a plugin needs, in the order of its manifest.
 *
 * @example
 * ```ts
 * import { pluginDependencies } from "./dependency.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const dependencies = ["npm:ml-matrix@6.12.1", "tokens>=1.2.0", "words"];
 * assertEquals(pluginDependencies({ dependencies }), [
 *   { name: "tokens", range: ">=1.2.0" },
 *   { name: "words", range: "*" },
 * ]);
 * ```
 */
export function pluginDependencies(
  manifest: { readonly dependencies: readonly string[] },
): PluginDependency[] {
  return manifest.dependencies.flatMap((text) => {
    const [, name, range = "*"] = PLUGIN.exec(text) ?? [];
    return name === undefined ? [] : [{ name, range: range.trim() }];
  });
}

/** What was expected instead of this dependency; undefined if it is one. */
export function dependencyProblem(text: string): string | undefined {
  if (text.startsWith("npm:")) {
    return isVersion(NPM.exec(text)?.[2] ?? "") ? undefined : "an exact package such as npm:lodash@4.17.21";
  }
  const match = PLUGIN.exec(text);
  if (match !== null && validRange(match[2] ?? "*") !== null) return undefined;
  return "the name of a plugin, with a range if it matters, such as spam_head>=1.2.0";
}

/** What a dependency is one of: `npm:lodash`, or the name of a plugin. */
export function dependencyName(text: string): string {
  const npm = NPM.exec(text)?.[1];
  return npm === undefined ? PLUGIN.exec(text)?.[1] ?? text : `npm:${npm}`;
}

/** Whether the text is an exact version and nothing else: semver alone would take v1.2.3 and blanks as well. */
export function isVersion(text: string): boolean {
  return valid(text) !== null && !/^[v=\s]|\s/.test(text);
}
