/**
 * What came of an examination, in a form that can be published: which plugin, to the hash of its code, held how many
 * of what, where and when.
 *
 * @module
 */
import type { PluginImage } from "../security/image.ts";
import { describePermissions } from "../security/permissions.ts";
import { RUNTIME_VERSION } from "../manifest/version.ts";
import { printable } from "../wall/printable.ts";
import type { Tier } from "../wall/sandbox.ts";
import type { CheckRow } from "./check.ts";
import type { Row } from "./runner.ts";

/** Of some rows, how many held; what was skipped is not among them. */
export interface Count {
  readonly held: number;
  readonly of: number;
}

/** See the module's text. */
export interface Score {
  readonly plugin: string;
  readonly version: string;
  /** Of its image. */
  readonly sha256: string;
  readonly tier: Tier;
  /** The version of k-bert. */
  readonly kBert: string;
  /** Year, month and day, by UTC. */
  readonly date: string;
  /** Whether only a part was run: the quick one, or what was named. */
  readonly isPart: boolean;
  /** What its manifest asks for, in words: whoever takes the plugin over has that. */
  readonly asks: readonly string[];
  readonly attacks: Count & { readonly rows: readonly Row[] };
  readonly conformance: Count & { readonly skipped: number; readonly rows: readonly CheckRow[] };
}

/** What a score is made of. */
export interface ScoreParts {
  readonly image: PluginImage;
  readonly tier: Tier;
  readonly isPart: boolean;
  readonly attacks: readonly Row[];
  readonly checks: readonly CheckRow[];
  readonly date: Date;
}

/** Adds up. */
export function scoreOf({ image, tier, isPart, attacks, checks, date }: ScoreParts): Score {
  const { manifest: { name, version, permissions }, sha256 } = image;
  const counted = checks.filter(({ outcome }) => outcome !== "skipped");
  return {
    ...{ plugin: name, version, sha256, tier, kBert: RUNTIME_VERSION, isPart },
    date: date.toISOString().slice(0, 10),
    asks: [
      ...describePermissions(permissions),
      ...permissions.services.map((service) => `call the service ${service}`),
    ],
    attacks: { held: attacks.filter(({ held }) => held).length, of: attacks.length, rows: attacks },
    conformance: {
      held: counted.filter(({ outcome }) => outcome === "held").length,
      of: counted.length,
      skipped: checks.length - counted.length,
      rows: checks,
    },
  };
}

/** How many did not hold. */
export function lostOf({ attacks, conformance }: Score): number {
  return attacks.of - attacks.held + conformance.of - conformance.held;
}

/**
 * The score for people, with everything once more that did not hold.
 *
 * @example
 * ```ts
 * import { type Score, scoreText } from "./score.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const score: Score = {
 *   ...{ plugin: "my_head", version: "1.0.0", sha256: "ab12", tier: "process", kBert: "0.1.0" },
 *   ...{ date: "2026-07-01", isPart: false, asks: [] },
 *   attacks: { held: 2, of: 2, rows: [] },
 *   conformance: { held: 9, of: 9, skipped: 1, rows: [] },
 * };
 * assertEquals(scoreText(score).split("\n"), [
 *   "my_head 1.0.0, image ab12",
 *   "k-bert 0.1.0, process tier, 2026-07-01",
 *   "Whoever takes it over may do nothing but compute",
 *   "attacks:     2 of 2 held",
 *   "conformance: 9 of 9 held, 1 skipped",
 * ]);
 * ```
 */
export function scoreText(score: Score): string {
  const { plugin, version, sha256, tier, kBert, date, isPart, asks, attacks, conformance } = score;
  const lost = [
    ...attacks.rows.filter(({ held }) => !held).map(({ attack, why }) => `not held: ${attack}: ${flat(why)}`),
    ...conformance.rows.filter(({ outcome }) => outcome === "not held")
      .map(({ check, port, why }) => `not held: ${check} (${port}): ${flat(why)}`),
  ];
  const skipped = conformance.skipped > 0 ? `, ${conformance.skipped} skipped` : "";
  return [
    `${plugin} ${version}, image ${sha256}`,
    `k-bert ${kBert}, ${tier} tier, ${date}${isPart ? ", only a part of it all" : ""}`,
    `Whoever takes it over may ${asks.length === 0 ? "do nothing but compute" : asks.join(", ")}`,
    `attacks:     ${attacks.held} of ${attacks.of} held`,
    `conformance: ${conformance.held} of ${conformance.of} held${skipped}`,
    ...lost,
  ].join("\n");
}

function flat(text: string): string {
  return printable(text, 300).replace(/\s+/g, " ");
}
