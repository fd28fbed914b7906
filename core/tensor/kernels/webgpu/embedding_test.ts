import { BACKENDS } from "../../../../tests/fixtures/backends.ts";
import { assertEquals, assertLessOrEqual, assertThrows } from "../../../deps/assert.ts";
import * as tf from "../../../deps/tfjs.ts";
import { startBackend } from "../../backend.ts";
import { embed } from "../../operations.ts";
import { Random } from "../../random.ts";
import { CUTS, layOut, LISTS, planEmbedding } from "./embedding_plan.ts";
import { gpu } from "./gpu.ts";
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

Deno.test({
  name:
    "embed() on webgpu gives the same bits from a table in parts, and refuses parts that do not fit together",
  ignore,
  fn: async () => {
    using backend = await startBackend("webgpu");
    useWebGpuKernels(true);
    for (const [rows, width, ids] of cases()) {
      const random = new Random(rows);
      const normal = (count: number): Float32Array =>
        Float32Array.from({ length: count }, () => random.normal());
      const table = tf.tensor(normal(rows * width), [rows, width]);
      const dy = tf.tensor(normal(ids.length * width), [ids.length, width]);
      const cuts = [...new Set([0, Math.floor(rows / 4), Math.floor(rows / 2), rows])];
      const parts = cuts.slice(1).map((end, index) =>
        tf.slice(table, [cuts[index]!, 0], [end - cuts[index]!, width])
      );

      const [y, whole] = [embed(table, ids), tf.grad((table) => embed(table, ids))(table, dy)];
      const inParts = embed(parts, () => ids);
      const gradients = tf.grads((...parts) => embed(parts, ids))(parts, dy);

      assertEquals(await inParts.data(), await y.data());
      const joined = await Promise.all(gradients.map(async (gradient) => [...await gradient.data()]));
      assertEquals(joined.flat(), [...await whole.data()]);
      tf.dispose([table, dy, y, whole, inParts, ...parts, ...gradients]);
    }
    const [wide, narrow] = [tf.ones([1, 3]), tf.ones([1, 2])];
    assertThrows(() => embed([wide, narrow], Int32Array.of(0)), Error, "the shape [1,2], expected [1,3]");
    tf.dispose([wide, narrow]);
    backend.check();
  },
});

Deno.test({
  name: "embed() on webgpu dispatches by the shapes alone, so that a recording holds for other ids",
  ignore,
  fn: async () => {
    using backend = await startBackend("webgpu");
    useWebGpuKernels(true);
    const [length, rows, width] = [200, 40, 8];
    const [table, dy] = [tf.ones([rows, width]), tf.ones([length, width])];
    const random = new Random(4);
    const recorded = ([
      () => 7, // one list, cut
      (at) => at % rows, // none that is cut
      () => random.below(rows),
    ] satisfies ((at: number) => number)[]).map((idOf: (at: number) => number) => {
      const ids = Int32Array.from({ length }, (_, at) => idOf(at));
      const { dispatches, stop } = spyOnDispatches();
      tf.grad((table) => embed(table, ids))(table, dy).dispose();
      stop();
      return dispatches;
    });

    assertEquals(recorded[0]!.length, 4);
    for (const dispatches of recorded) assertEquals(dispatches, recorded[0]);
    tf.dispose([table, dy]);
    backend.check();
  },
});

Deno.test("planEmbedding() puts every position into one list of its id, also where lists are cut", () => {
  for (const [, , ids] of cases()) {
    const words = planEmbedding(ids);
    const layout = layOut(ids.length);
    /** Output → inputs, of one round. */
    const listsOf = (
      count: number,
      starts: number,
      outputs: number,
    ): Map<number, [from: number, to: number]> =>
      new Map(
        Array.from({ length: count }, (_, list) => [
          words[outputs + list]!,
          [words[starts + list]!, words[starts + list + 1]!],
        ]),
      );
    const first = new Map(
      [...listsOf(words[LISTS]!, layout.starts, layout.outputs)].map(([output, [from, to]]) => [
        output,
        [...words.subarray(layout.positions + from, layout.positions + to)],
      ]),
    );
    const cut = listsOf(words[CUTS]!, layout.cutStarts, layout.cutOutputs);
    const byId = new Map([...first].filter(([output]) => output >= 0));
    for (const [id, [from, to]] of cut) {
      const pieces = Array.from({ length: to - from }, (_, index) => from + index);
      byId.set(id, pieces.flatMap((piece) => first.get(-1 - piece)!));
      assertLessOrEqual(to, layout.mostPieces);
    }

    assertEquals(words.length, layout.words);
    assertLessOrEqual(words[CUTS]!, layout.mostCuts);
    for (const inputs of first.values()) assertLessOrEqual(inputs.length, 64);
    assertEquals(byId, Map.groupBy(ids.keys(), (position) => ids[position]!));
  }
});

Deno.test("layOut() has room for as many cuts and pieces as any ids can make", () => {
  for (const [times, distinct] of [[65, 1], [65, 7], [128, 3], [129, 3], [64, 5], [1, 200]] as const) {
    const ids = Int32Array.from({ length: times * distinct }, (_, at) => at % distinct);
    const [words, layout] = [planEmbedding(ids), layOut(ids.length)];
    const pieces = words[layout.cutStarts + words[CUTS]!]!;

    assertEquals(words.length, layout.words);
    assertEquals(words[CUTS], times > 64 ? distinct : 0);
    assertEquals(pieces, times > 64 ? distinct * Math.ceil(times / 64) : 0);
    assertLessOrEqual(words[CUTS]!, layout.mostCuts);
    assertLessOrEqual(pieces, layout.mostPieces);
  }
});

/** What of each dispatch a recording would hold: everything but the numbers in the buffers. */
function spyOnDispatches(): { dispatches: unknown[]; stop(): void } {
  const runner = gpu();
  const dispatches: unknown[] = [];
  const run = runner.run;
  runner.run = (program, call): void => {
    const { uniforms, workgroups } = call;
    const shapes = Object.values<tf.TensorInfo | GPUBuffer>(call.buffers).map((buffer) =>
      buffer instanceof GPUBuffer ? buffer.size : buffer.shape
    );
    dispatches.push({ name: program.name, uniforms, workgroups, shapes });
    run.call(runner, program, call);
  };
  return { dispatches, stop: () => void (runner.run = run) };
}
