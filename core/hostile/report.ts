/**
 * What a person reads of a run: a line for each attack as soon as it is over, and a summary, in words that need
 * no colour.
 *
 * @module
 */
import { printable } from "../wall/printable.ts";
import type { Row } from "./runner.ts";

const MAX_WHY = 160;

/** The heading of the table. */
export function heading(names: readonly string[]): string {
  const width = widthOf(names);
  return `${"".padEnd(8)}  ${"tier".padEnd(7)}  ${"attack".padEnd(width)}  ${"class".padEnd(9)}  ${
    "lag".padStart(7)
  }  ${"gone".padStart(7)}  why`;
}

/** One row of the table; `lag` and `gone` are milliseconds. */
export function line(row: Row, names: readonly string[]): string {
  const { held, tier, attack, lagMs, endMs, tries, why } = row;
  const time = (ms: number | null): string => (ms === null ? "-" : `${ms} ms`).padStart(7);
  const again = tries > 1 ? ` (try ${tries})` : "";
  return [
    (held ? "held" : "NOT HELD").padEnd(8),
    tier.padEnd(7),
    printable(attack, 60).padEnd(widthOf(names)),
    row.class.padEnd(9),
    ...[time(lagMs), time(endMs)],
    flat(printable(why, MAX_WHY)) + again,
  ].join("  ");
}

/** Counts, what was not held once more, and a last line in the form of a test run. */
export function summary(rows: readonly Row[], ms: number): string {
  const lost = rows.filter(({ held }) => !held);
  const tiers = [...new Set(rows.map(({ tier }) => tier))].map((tier) => {
    const own = rows.filter((row) => row.tier === tier);
    return `${tier} tier: ${own.filter(({ held }) => held).length} of ${own.length} attacks held`;
  });
  const again = lost.map(({ attack, tier, why }) =>
    `not held: ${printable(attack, 60)} (${tier}): ${flat(why)}`
  );
  const result = lost.length === 0 && rows.length > 0 ? "ok" : "FAILED";
  const counts = `${rows.length - lost.length} passed | ${lost.length} failed`;
  return ["", ...tiers, ...again, "", `${result} | ${counts} (${Math.round(ms / 1_000)}s)`].join("\n");
}

function flat(text: string): string {
  return text.replace(/\s+/g, " ");
}

function widthOf(names: readonly string[]): number {
  return Math.max(6, ...names.map(({ length }) => Math.min(length, 60)));
}
