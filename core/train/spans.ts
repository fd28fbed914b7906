/**
 * Scores of spans: runs of words that are tagged `B-x`, `I-x` … A span counts only if its place and its kind are
 * right, as in CoNLL 2003. An `I-x` that continues nothing begins a span.
 *
 * @see Tjong Kim Sang and De Meulder 2003, https://aclanthology.org/W03-0419/
 * @module
 */

/** Shares between 0 and 1. */
export interface SpanScores {
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
}

/**
 * @param truth tags of the words of each text, as indices into the labels
 * @param said tags that were said, as many
 * @example
 * ```ts
 * import { spanScores } from "./spans.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const labels = ["O", "B-PER", "I-PER"];
 * // "Ann Lee met Bob": the first span is cut short, the second is right.
 * assertEquals(spanScores([[1, 2, 0, 1]], [[1, 0, 0, 1]], labels), { precision: 0.5, recall: 0.5, f1: 0.5 });
 * ```
 */
export function spanScores(
  truth: readonly (readonly number[])[],
  said: readonly (readonly number[])[],
  labels: readonly string[],
): SpanScores {
  const [are, found] = [truth, said].map((texts) =>
    new Set(texts.flatMap((tags, text) => spansOf(tags, labels).map((span) => `${text} ${span}`)))
  );
  const right = [...found!].filter((span) => are!.has(span)).length;
  const share = (whole: number): number => whole === 0 ? 0 : right / whole;
  const f1 = are!.size + found!.size === 0 ? 0 : 2 * right / (are!.size + found!.size);
  return { precision: share(found!.size), recall: share(are!.size), f1 };
}

/** `begin end kind` of each span. */
function spansOf(tags: readonly number[], labels: readonly string[]): string[] {
  const spans: string[] = [];
  let begin = -1;
  let kind = "";
  for (let at = 0; at <= tags.length; at++) {
    const name = labels[tags[at] ?? -1] ?? "O";
    const continues = begin >= 0 && name === `I-${kind}`;
    if (continues) continue;
    if (begin >= 0) spans.push(`${begin} ${at} ${kind}`);
    begin = name === "O" ? -1 : at;
    kind = name.slice(2);
  }
  return spans;
}
