import { assertEquals, assertLess, assertThrows } from "../deps/assert.ts";
import * as tf from "../deps/tfjs.ts";
import { KBertError } from "../wall/errors.ts";
import { AdamW, squaredNorm } from "./adamw.ts";
import { startBackend } from "./backend.ts";
import { Random } from "./random.ts";

const STEPS = 50;
const SHAPES = { "dense.weight": [7, 5], "dense.bias": [5] } as const;

/** AdamW of Loshchilov and Hutter (2019), algorithm 2, in float64, one number at a time. */
function referenceAdamW(
  start: readonly number[],
  gradientAt: (step: number, index: number) => number,
  { rate, decay, scale }: { rate: (step: number) => number; decay: number; scale: number },
): number[] {
  return start.map((value, index) => {
    let [m, v] = [0, 0];
    for (let t = 1; t <= STEPS; t++) {
      const g = gradientAt(t, index) * scale;
      m = 0.9 * m + 0.1 * g;
      v = 0.999 * v + 0.001 * g * g;
      const mHat = m / (1 - 0.9 ** t);
      const vHat = v / (1 - 0.999 ** t);
      value = value - rate(t) * (mHat / (Math.sqrt(vHat) + 1e-8) + decay * value);
    }
    return value;
  });
}

for (const name of ["wasm", "cpu"] as const) {
  Deno.test(`AdamW.update() on ${name} follows a float64 reference over ${STEPS} steps`, async () => {
    using _backend = await startBackend(name);
    const random = new Random(4);
    const rate = (step: number): number => 0.01 * (1 - step / 60);
    for (const [parameter, shape] of Object.entries(SHAPES)) {
      const size = shape.reduce((product: number, dimension) => product * dimension, 1);
      const start = Array.from({ length: size }, () => Math.fround(random.normal()));
      const gradients = Array.from(
        { length: STEPS },
        () => Array.from({ length: size }, () => Math.fround(random.normal() * 10 ** (random.below(7) - 4))),
      );
      const variable = tf.variable(tf.tensor(start, [...shape]));
      using optimizer = new AdamW(new Map([[parameter, variable]]));

      for (let step = 1; step <= STEPS; step++) {
        const gradient = tf.tensor(gradients[step - 1]!, [...shape]);
        optimizer.update(new Map([[parameter, gradient]]), {
          learningRate: rate(step),
          weightDecay: 0.1,
          scale: 0.5,
        });
        gradient.dispose();
      }

      const expected = referenceAdamW(start, (step, index) => gradients[step - 1]![index]!, {
        rate,
        decay: parameter.endsWith("bias") ? 0 : 0.1,
        scale: 0.5,
      });
      const actual = await variable.data();
      // 50 updates of at most 0.01, each rounded to float32 (6e-8 of a number near 1).
      expected.forEach((one, index) => assertLess(Math.abs(actual[index]! - one), 5e-6));
      variable.dispose();
    }
  });
}

Deno.test("AdamW.restore() goes on exactly where the moments were saved", async () => {
  using _backend = await startBackend("wasm");
  const gradient = tf.tensor([0.5, -2, 3]);
  const train = (optimizer: AdamW, steps: number): void => {
    for (let step = 0; step < steps; step++) {
      optimizer.update(new Map([["w", gradient]]), { learningRate: 0.1 });
    }
  };
  const whole = tf.variable(tf.tensor([1, 2, 3]));
  using first = new AdamW(new Map([["w", whole]]));
  train(first, 3);
  const copy = tf.variable(tf.clone(whole));
  using second = new AdamW(new Map([["w", copy]]));
  second.restore(await first.state(), first.updates);

  train(first, 4);
  train(second, 4);

  assertEquals(await copy.data(), await whole.data());
  assertEquals(second.updates, 7);
  tf.dispose([gradient, whole, copy]);
});

Deno.test("AdamW.restore() refuses a moment of another shape and changes nothing", async () => {
  using _backend = await startBackend("wasm");
  const variable = tf.variable(tf.tensor([1, 2, 3]));
  using optimizer = new AdamW(new Map([["w", variable]]));
  const state = await optimizer.state();
  state.set("w.second", { dtype: "float32", shape: [2], data: new Float32Array(2) });

  const error = assertThrows(() => optimizer.restore(state, 5), KBertError);

  assertEquals(error.code, "weights/invalid");
  assertEquals(optimizer.updates, 0);
  variable.dispose();
});

for (const name of ["wasm", "cpu"] as const) {
  Deno.test(`squaredNorm() on ${name} adds the squares of all gradients`, async () => {
    using _backend = await startBackend(name);
    const gradients = [tf.tensor([3, 4]), tf.tensor([[12]])];

    assertEquals(await squaredNorm(gradients), 169);
    tf.dispose(gradients);
  });
}
