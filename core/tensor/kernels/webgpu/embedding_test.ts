import { BACKENDS } from "../../../../tests/fixtures/backends.ts";
import { assertEquals, assertLessOrEqual, assertThrows } from "../../../deps/assert.ts";
import * as tf from "../../../deps/tfjs.ts";
import { startBackend } from "../../backend.ts";
import { embed } from "../../operations.ts";
import { Random } from "../../random.ts";
import { planEmbedding } from "./embedding_plan.ts";
import { useWebGpuKernels } from "./kernels.ts";

const ignore = !BACKENDS.includes("webgpu");

/** Rows of the table, numbers of a row, and ids: none twice, all the same, and one that comes very often. */
function* cases(): Iterable<[rows: number, width: number, ids: Int32Array]> {
  yield [1, 1, Int32Array.of(0)];
  yield [9, 3, Int32Array.of(4, 0, 8, 2)];
  yield [5, 4, new Int32Array(130).fill(3)];
  const random = new Random(2);
  yield [301, 7, Int32Array.from({ length: 500 }, (_, at) => at % 3 ? 300 : random.below(301))];
  yield [301, 8, Int32Array.from({ length: 500 }, (_, at) => at % 3 ? 0 : random.below(301))];
}

Deno.test({
  name: "embed() on webgpu looks rows up, and its gradient adds what belongs to one row, as in float64",
  ignore,
  fn: async () => {
    using backend = await startBackend("webgpu");
    useWebGpuKernels(true);
    for (const [rows, width, ids] of cases()) {
      const random = new Random(rows);
      const values = Float32Array.from({ length: rows * width }, () => random.normal());
      const upstream = Float32Array.from({ length: ids.length * width }, () => random.normal());
      const [table, dy] = [tf.tensor(values, [rows, width]), tf.tensor(upstream, [ids.length, width])];
      const before = tf.memory().numTensors;

      const y = embed(table, ids);
      const dTable = tf.grad((table) => embed(table, ids))(table, dy);

      assertEquals(tf.memory().numTensors, before + 2);
      const expected = new Float64Array(rows * width);
      ids.forEach((id, at) => {
        for (let column = 0; column < width; column++) {
          expected[id * width + column]! += upstream[at * width + column]!;
        }
      });
      const looked = [...ids].flatMap((id) => [...values.subarray(id * width, (id + 1) * width)]);
      assertEquals([...await y.data()], looked);
      const actual = await dTable.data();
      expected.forEach((value, index) =>
        // Up to 500 numbers of size 1: a sum of about 20 is rounded by 1e-6, some hundred times either way.
        assertLessOrEqual(Math.abs(actual[index]! - value), 2e-5, `${rows}x${width} at ${index}`)
      );
      const again = tf.grad((table) => embed(table, ids))(table, dy);
      assertEquals(await again.data(), actual, "the same numbers in the same order at every run");
      tf.dispose([table, dy, y, dTable, again]);
    }
    backend.check();
  },
});

Deno.test({
  name: "embed() on webgpu refuses an id that is not in the table",
  ignore,
  fn: async () => {
    using _backend = await startBackend("webgpu");
    useWebGpuKernels(true);
    const table = tf.ones([3, 2]);
    for (const id of [-1, 3]) {
      assertThrows(() => embed(table, Int32Array.of(0, id)), Error, `the id ${id} is not one of the 3`);
    }
    table.dispose();
  },
});

Deno.test("planEmbedding() puts every position into one list of its id, also where lists are cut", () => {
  for (const [, , ids] of cases()) {
    const { words, pieces, whole } = planEmbedding(ids);
    /** Output → inputs, of one round. */
    const listsOf = ({ lists, starts, inputs, outputs }: typeof pieces): Map<number, number[]> =>
      new Map(
        Array.from({ length: lists }, (_, list) => [
          words[outputs + list]!,
          [...words.subarray(inputs + words[starts + list]!, inputs + words[starts + list + 1]!)],
        ]),
      );
    const first = listsOf(pieces);
    const byId = whole
      ? new Map([...listsOf(whole)].map(([id, parts]) => [id, parts.flatMap((part) => first.get(part)!)]))
      : first;

    for (const inputs of first.values()) assertLessOrEqual(inputs.length, 64);
    const expected = Map.groupBy(ids.keys(), (position) => ids[position]!);
    assertEquals(byId, expected);
  }
});
