import * as tf from "../../../core/deps/tfjs.ts";
import { assertRejects } from "../../../core/deps/assert.ts";
import { assertTensorsClose } from "./tensor_comparison.ts";

await tf.setBackend("cpu");

Deno.test("assertTensorsClose() takes tensors of tfjs, tensors of the wall, typed arrays, lists and numbers", async () => {
  const tensor = tf.tensor2d([[1, 2, 3], [4, 5, 6]]);
  const wall = { dtype: "float32", shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) };
  const lists = [[1, 2, 3], Float64Array.of(4, 5, 6)];

  for (const one of [tensor, wall, lists]) {
    for (const other of [tensor, wall, lists]) await assertTensorsClose(one, other);
  }
  await assertTensorsClose(Int32Array.of(1, 2), [1, 2]);
  await assertTensorsClose(0.5, tf.tidy(() => tf.scalar(0.5)));
  await assertTensorsClose([], new Float32Array(0));
  tf.dispose(tensor);
  tf.disposeVariables();
});

Deno.test("assertTensorsClose() compares shapes first", async () => {
  await assertRejects(() => assertTensorsClose([[1, 2]], [1, 2]), Error, "shape [1, 2] instead of [2]");
  await assertRejects(() => assertTensorsClose(1, [1]), Error, "shape [] instead of [1]");
  await assertRejects(
    () => assertTensorsClose([[1], [1, 2]], [[1], [1]]),
    Error,
    "parts of the shapes [1] and [2]",
  );
  const torn = { shape: [2, 2], data: Float32Array.of(1) };
  await assertRejects(() => assertTensorsClose(torn, torn), Error, "the shape [2, 2] has 1 values");
});

Deno.test("assertTensorsClose() names the place that is furthest over its limit, with both values", async () => {
  const expected = [[[0, 100], [0, 0]], [[0, 0], [0, 0]]];
  const actual = [[[0, 100.9], [0, 0.2]], [[0, 0], [0.5, 0]]];

  await assertRejects(
    () => assertTensorsClose(actual, expected),
    Error,
    "The tensors differ by 0.9 at [0, 0, 1]: 100.9 instead of 100; the limit there is 0.00001 " +
      "(3 of 8 places are over theirs)",
  );
  await assertRejects(
    () => assertTensorsClose(actual, expected, { tolerance: 0.3, relative: 0.01 }),
    Error,
    "The tensors differ by 0.5 at [1, 1, 0]: 0.5 instead of 0; the limit there is 0.3 " +
      "(1 of 8 places are over theirs)",
  );
  await assertTensorsClose(actual, expected, { tolerance: 0.5, relative: 0.01 });
});

Deno.test("assertTensorsClose() refuses NaN, on one side and on both, unless both were asked for", async () => {
  await assertRejects(() => assertTensorsClose([1, NaN], [1, 2]), Error, "differ at [1]: NaN instead of 2");
  await assertRejects(() => assertTensorsClose([9, 2], [1, NaN]), Error, "differ at [1]: 2 instead of NaN");
  await assertRejects(() => assertTensorsClose([NaN], [NaN]), Error, "Both tensors have NaN at [0]");
  await assertRejects(() => assertTensorsClose([NaN], [1], { allowNaN: true }), Error, "NaN instead of 1");
  await assertTensorsClose([1, NaN], [1, NaN], { allowNaN: true });
});

Deno.test("assertTensorsClose() wants the same infinities, whatever the tolerance", async () => {
  const options = { tolerance: 1, relative: 1 };
  await assertTensorsClose([Infinity, -Infinity], [Infinity, -Infinity], options);
  await assertRejects(() => assertTensorsClose([1], [Infinity], options), Error, "1 instead of Infinity");
  await assertRejects(
    () => assertTensorsClose([Infinity], [-Infinity], options),
    Error,
    "instead of -Infinity",
  );
});
