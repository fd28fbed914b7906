import { deviceTest, numbers } from "../../../../tests/fixtures/webgpu_kernels.ts";
import { assertEquals } from "../../../deps/assert.ts";
import * as tf from "../../../deps/tfjs.ts";
import { dropout } from "../../operations.ts";
import { Random } from "../../random.ts";
import { composed } from "../composed.ts";
import { jump, jumpTables } from "../dropout_jumps.ts";

Deno.test("a jump of 2^k steps is where as many draws lead", () => {
  const tables = jumpTables();
  for (const level of [0, 1, 5, 12]) {
    const random = new Random(level);
    const start = random.state;
    for (let draw = 0; draw < 2 ** level; draw++) random.uint32();

    const state = jump(tables.subarray(level * 2048, (level + 1) * 2048), start);

    assertEquals(state.map((word) => word >>> 0), [...random.state]);
  }
});

// One stretch of a stream, several with a rest, and one of each length of stretch.
for (
  const [size, rate] of [[1, 0.5], [3, 0.9], [129, 0.1], [10_007, 0.3], [70_001, 0.1], [
    1_048_583,
    0.2,
  ]] as const
) {
  deviceTest(
    `dropout() on webgpu drops the same of ${size} numbers as the composition, bit for bit`,
    async () => {
      const [values, upstream] = [numbers(new Random(5), size), numbers(new Random(6), size)];
      const [x, dy] = [tf.tensor(values), tf.tensor(upstream)];

      const y = dropout(x, rate, new Random(7));
      const dx = tf.grad((x) => dropout(x, rate, new Random(7)))(x, dy);

      const random = new Random(7);
      const states = Uint32Array.from({ length: 16 }, () => random.uint32());
      const expected = [composed.dropout(x, rate, states), composed.dropout(dy, rate, states)];
      assertEquals([await y.data(), await dx.data()], await Promise.all(expected.map((one) => one.data())));
      tf.dispose([x, dy, y, dx, ...expected]);
    },
  );
}
