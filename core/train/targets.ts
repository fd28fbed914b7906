/**
 * The targets of a batch, in the shape that its task has; see core/manifest/task.ts.
 *
 * @module
 */
import type { Encoding } from "../bert/tokenizer.ts";
import { IGNORED, type Task } from "../manifest/task.ts";
import type { HostTensor } from "../wall/tensor.ts";
import type { Example } from "./examples.ts";

/** The rows of a batch: one for each example, two for each pair of a ranking. */
export function rowsOf(examples: readonly Example[]): Encoding[] {
  return examples.flatMap((example) => example.lower ? [example, example.lower] : [example]);
}

/**
 * The targets of these examples.
 *
 * @param labels how many the run has
 * @param length tokens of each row, padding included
 * @example
 * ```ts
 * import { targetsOf } from "./targets.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const examples = [{ ids: Int32Array.of(2, 9, 3), truncated: 0, label: Int32Array.of(-1, 4, -1) }];
 * assertEquals(targetsOf("tagging", examples, { labels: 5, length: 4 }), {
 *   dtype: "int32",
 *   shape: [1, 4],
 *   data: Int32Array.of(-1, 4, -1, -1),
 * });
 * ```
 */
export function targetsOf(
  task: Task,
  examples: readonly Example[],
  { labels, length }: { readonly labels: number; readonly length: number },
): HostTensor {
  const rows = examples.length;
  switch (task) {
    case "classification":
    case "ordinal":
      return { dtype: "int32", shape: [rows], data: Int32Array.from(examples, ({ label }) => Number(label)) };
    case "multilabel":
    case "regression": {
      const data = new Float32Array(rows * labels);
      for (const [row, { label }] of examples.entries()) data.set(label as Float32Array, row * labels);
      return { dtype: "float32", shape: [rows, labels], data };
    }
    case "ranking":
      return {
        dtype: "float32",
        shape: [2 * rows],
        data: Float32Array.from({ length: 2 * rows }, (_, row) => 1 - row % 2),
      };
    case "tagging": {
      const data = new Int32Array(rows * length).fill(IGNORED);
      for (const [row, { label }] of examples.entries()) data.set(label as Int32Array, row * length);
      return { dtype: "int32", shape: [rows, length], data };
    }
  }
}
