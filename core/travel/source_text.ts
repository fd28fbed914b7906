/**
 * A source in one word, as it is typed after `plugin add` and shown to people.
 *
 * | text                                            | source                                           |
 * | ----------------------------------------------- | ------------------------------------------------ |
 * | `npm:k-bert-plugin-mood@^1.0.0`                 | a package of npm, any version without a range    |
 * | `jsr:@ada/mood@^1.0.0`                          | a package of JSR                                 |
 * | `git+https://example.com/mood.git#main`         | a branch of a repository; `git+` may be left out before `ssh:`, `git@` and what ends in `.git` |
 * | `https://example.com/mood-1.0.0.tgz#sha256=…`   | an archive, with the hash of its bytes           |
 * | `../mood`, `mood-1.0.0.tgz`                     | a folder or an archive on this machine           |
 *
 * @module
 */
import { validRange } from "../deps/semver.ts";
import { KBertError } from "../wall/errors.ts";
import { printable } from "../wall/printable.ts";
import type { PluginSourceSpec } from "./fetched.ts";
import type { ResolvedSource } from "../security/lock_file.ts";

/**
 * Reads a source.
 *
 * @throws {KBertError} `usage/invalid` if it is none
 * @example
 * ```ts
 * import { parseSource } from "./source_text.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * assertEquals(parseSource("npm:mood@^1.0.0"), { source: "npm", package: "mood", version: "^1.0.0" });
 * assertEquals(parseSource("git@example.com:ada/mood.git#main"), {
 *   source: "git",
 *   url: "git@example.com:ada/mood.git",
 *   branch: "main",
 * });
 * assertEquals(parseSource("../mood"), { source: "local", path: "../mood" });
 * ```
 */
export function parseSource(text: string): PluginSourceSpec {
  const [, registry, name, range = "*"] = /^(npm|jsr):((?:@[^/@]+\/)?[^/@]+)(?:@(.+))?$/.exec(text) ?? [];
  if (registry === "npm" || registry === "jsr") return packageOf(text, registry, name!, range);
  if (/^(npm|jsr):/.test(text)) {
    throw invalid(text, `is no package, such as npm:name@^1.0.0 or jsr:@scope/name`);
  }
  const [url, fragment] = splitOnce(text, "#");
  if (/^(git\+|ssh:|git@)/.test(text) || /\.git\/?$/.test(url)) {
    const git = { source: "git" as const, url: url.replace(/^git\+/, "") };
    return fragment === undefined
      ? git
      : isCommit(fragment)
      ? { ...git, commit: fragment }
      : { ...git, branch: fragment };
  }
  if (!/^[a-z][a-z0-9+.-]+:/i.test(text)) return { source: "local", path: text };
  if (!/^https?:/.test(url)) throw invalid(text, "is neither https: nor npm:, jsr:, git+https: or a path");
  if (fragment === undefined) return { source: "url", url };
  const [, sha256] = /^sha256=([0-9a-f]{64})$/.exec(fragment) ?? [];
  if (sha256 === undefined) throw invalid(text, "ends in what is no #sha256= with 64 hexadecimal digits");
  return { source: "url", url, sha256 };
}

/** A source for people, as {@linkcode parseSource} reads it. */
export function formatSource(spec: PluginSourceSpec): string {
  return printable(textOf(spec), MOST_SHOWN);
}

/** What was had of a source, for people. */
export function formatResolved(resolved: ResolvedSource): string {
  switch (resolved.source) {
    case "git":
      return printable(
        `${resolved.url}#${resolved.branch ?? ""} at ${resolved.commit.slice(0, 12)}`,
        MOST_SHOWN,
      );
    case "url":
      return printable(resolved.url, MOST_SHOWN);
    case "local":
      return printable(resolved.path, MOST_SHOWN);
    default:
      return printable(`${resolved.source}:${resolved.package}@${resolved.version}`, MOST_SHOWN);
  }
}

const MOST_SHOWN = 300;

function textOf(spec: PluginSourceSpec): string {
  switch (spec.source) {
    case "local":
      return spec.path;
    case "url":
      return spec.sha256 === undefined ? spec.url : `${spec.url}#sha256=${spec.sha256}`;
    case "git": {
      const at = spec.commit ?? spec.branch;
      return `${/^(ssh:|git@)/.test(spec.url) ? "" : "git+"}${spec.url}${at === undefined ? "" : `#${at}`}`;
    }
    default:
      return `${spec.source}:${spec.package}${spec.version === "*" ? "" : `@${spec.version}`}`;
  }
}

function packageOf(text: string, source: "npm" | "jsr", name: string, version: string): PluginSourceSpec {
  if (validRange(version) === null) throw invalid(text, `has ${version} for a range, such as ^1.0.0`);
  if (source === "jsr" && !name.startsWith("@")) throw invalid(text, "has no scope, as in jsr:@scope/name");
  return { source, package: name, version };
}

function isCommit(text: string): boolean {
  return /^[0-9a-f]{40}([0-9a-f]{24})?$/.test(text);
}

function splitOnce(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

function invalid(text: string, problem: string): KBertError<"usage/invalid"> {
  return new KBertError("usage/invalid", `The source ${printable(text, MOST_SHOWN)} ${problem}`, {
    argument: text,
  });
}
