import { assertLess } from "../../core/deps/assert.ts";
import * as tf from "../../core/deps/tfjs.ts";
import { startBackend } from "../../core/tensor/backend.ts";
import { crossEntropy } from "./losses.ts";

const LOGITS = [[2, -1, 0.5], [-30, 30, 0], [0.1, 0.1, 0.1], [5, 4, -80]];
const LABELS = [2, 0, 1, 1];

/** In float64, one example at a time: the loss, and softmax minus one-hot over the number of examples. */
function reference(): { loss: number; gradient: number[][] } {
  const rows = LOGITS.map((row, index) => {
    const largest = Math.max(...row);
    const sum = row.reduce((total, one) => total + Math.exp(one - largest), 0);
    return {
      loss: largest + Math.log(sum) - row[LABELS[index]!]!,
      gradient: row.map((one, label) =>
        (Math.exp(one - largest) / sum - Number(label === LABELS[index])) / LOGITS.length
      ),
    };
  });
  return {
    loss: rows.reduce((total, row) => total + row.loss, 0) / rows.length,
    gradient: rows.map((row) => row.gradient),
  };
}

for (const name of ["wasm", "cpu"] as const) {
  Deno.test(`crossEntropy() and its gradient on ${name} equal float64, extreme logits too`, async () => {
    using _backend = await startBackend(name);
    const logits = tf.tensor2d(LOGITS);
    const labels = tf.tensor1d(LABELS, "int32");

    const { value, grad } = tf.valueAndGrad((x) => crossEntropy(x, labels))(logits);

    const expected = reference();
    // float32 of numbers up to 60: half a unit in the last place is 2e-6.
    assertLess(Math.abs((await value.data())[0]! - expected.loss), 5e-6);
    const gradient = await grad.data();
    expected.gradient.flat().forEach((one, index) => assertLess(Math.abs(gradient[index]! - one), 1e-6));
    tf.dispose([logits, labels, value, grad]);
  });
}
