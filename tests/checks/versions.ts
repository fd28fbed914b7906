/**
 * The version of k-bert stands in three places: deno.json is what is published, `RUNTIME_VERSION` is what
 * plugins are compared with (a module from a URL has no deno.json to read), and the changelog is what people
 * read.
 *
 * @module
 */
import { isVersion } from "../../core/manifest/dependency.ts";

/** Where the version stands. */
export interface Versions {
  /** What deno.json says. */
  readonly config: { readonly version?: string };
  /** `RUNTIME_VERSION`. */
  readonly runtime: string;
  /** The text of CHANGELOG.md. */
  readonly changelog: string;
}

/**
 * Everything that does not agree, as a sentence each; none if all is well.
 *
 * An entry of the changelog begins with `## [1.2.3] - 2026-01-31`; the first may be `Unreleased` instead of a
 * day.
 */
export function versionProblems({ config: { version = "none" }, runtime, changelog }: Versions): string[] {
  const problems: string[] = [];
  if (!isVersion(version)) problems.push(`the version in deno.json is ${version}, which is not semantic`);
  if (runtime !== version) problems.push(`RUNTIME_VERSION is ${runtime}, and deno.json says ${version}`);

  const entries = changelog.split("\n").filter((line) => line.startsWith("## "));
  if (entries.length === 0) return [...problems, "the changelog has no entry"];
  let before: string | undefined;
  for (const entry of entries) {
    const [, found = "", day = ""] = ENTRY.exec(entry) ?? [];
    if (!isVersion(found)) {
      problems.push(`"${entry}" is not the head of an entry such as "## [1.2.3] - 2026-01-31"`);
      continue;
    }
    if (before === undefined && found !== version) {
      problems.push(`the first entry of the changelog is ${found}, and deno.json says ${version}`);
    }
    if (before !== undefined && day === "Unreleased") {
      problems.push(`${found} is older than ${before}, and Unreleased`);
    }
    if (day !== "Unreleased" && !isDay(day)) {
      problems.push(`${found} was released on ${day}, which is no day`);
    }
    if (before !== undefined && compare(found, before) >= 0) problems.push(`${found} stands below ${before}`);
    before = found;
  }
  return problems;
}

const ENTRY = /^## \[([^\]\s]+)\] - (\S+)$/;

function isDay(text: string): boolean {
  const date = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(`${text}T`);
}

/** By the three numbers; a pre-release is before its version, and two of them are taken as they stand. */
function compare(one: string, other: string): number {
  const numbers = (text: string): number[] => [
    ...text.replace(/[-+].*$/, "").split(".").map(Number),
    text.includes("-") ? 0 : 1,
  ];
  const [left, right] = [numbers(one), numbers(other)];
  const index = left.findIndex((number, at) => number !== right[at]);
  return index === -1 ? (one === other ? 0 : -1) : left[index]! - right[index]!;
}
