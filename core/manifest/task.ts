/**
 * What a head can learn: the shapes of its targets and of its logits. Heads, trainer and scores read this one
 * table. Without imports, because every worker with a head loads it.
 *
 * @module
 */

/** See {@linkcode TASKS}. */
export type Task = "classification" | "multilabel" | "regression" | "ordinal" | "ranking" | "tagging";

/**
 * | task             | targets                                            | logits                   |
 * | ---------------- | -------------------------------------------------- | ------------------------ |
 * | `classification` | int32 `[batch]`, a label                           | `[batch, labels]`        |
 * | `multilabel`     | float32 `[batch, labels]`, 0 or 1                  | `[batch, labels]`        |
 * | `regression`     | float32 `[batch, labels]`, a label is a quantity   | `[batch, labels]`        |
 * | `ordinal`        | int32 `[batch]`, a rank from 0                     | `[batch, labels - 1]`, of "higher than rank 0, 1 …" |
 * | `ranking`        | float32 `[batch]`: 1, 0, 1, 0 …                    | `[batch, 1]`, a score    |
 * | `tagging`        | int32 `[batch, seq]`, a label or {@linkcode IGNORED} | `[batch, seq, labels]` |
 *
 * In `ranking` the rows are pairs: the text that is to score higher, and then the other.
 */
export const TASKS: readonly Task[] = [
  "classification",
  "multilabel",
  "regression",
  "ordinal",
  "ranking",
  "tagging",
];

/** The target of a token that has no label: padding, `[CLS]`, `[SEP]`, and what follows the first piece of a word. */
export const IGNORED = -1;

/**
 * Shape of the logits of a head.
 *
 * @param rows texts of the batch
 * @param length tokens of each, padding included; only tagging looks at them
 * @example
 * ```ts
 * import { logitsShape } from "./task.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * assertEquals(logitsShape("classification", { rows: 8, labels: 3, length: 32 }), [8, 3]);
 * assertEquals(logitsShape("ordinal", { rows: 8, labels: 5, length: 32 }), [8, 4]);
 * assertEquals(logitsShape("tagging", { rows: 8, labels: 9, length: 32 }), [8, 32, 9]);
 * ```
 */
export function logitsShape(
  task: Task,
  { rows, labels, length }: { rows: number; labels: number; length: number },
): number[] {
  switch (task) {
    case "classification":
    case "multilabel":
    case "regression":
      return [rows, labels];
    case "ordinal":
      return [rows, labels - 1];
    case "ranking":
      return [rows, 1];
    case "tagging":
      return [rows, length, labels];
  }
}
