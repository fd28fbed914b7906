import { relativeError } from "../../../tests/fixtures/tiny_bert.ts";
import { assertEquals, assertLess } from "../../deps/assert.ts";
import * as tf from "../../deps/tfjs.ts";
import { startBackend } from "../backend.ts";
import { attention, dropout, gelu, layerNorm, linear } from "../operations.ts";
import { Random } from "../random.ts";
import { wasmHeap } from "./wasm_heap.ts";

/** Numbers of everything that asks for memory beside its tensors, forwards and backwards. */
async function numbersOf(): Promise<tf.TypedArray[]> {
  const random = new Random(4);
  const normal = (...shape: number[]): tf.Tensor =>
    tf.tensor(Array.from({ length: shape.reduce((size, one) => size * one) }, () => random.normal()), shape);
  const [x, gamma, beta, weight] = [normal(200, 8), normal(8), normal(8), normal(8, 8)];
  const bias = tf.zeros([2, 1, 1, 100]);
  const loss = (x: tf.Tensor, gamma: tf.Tensor, weight: tf.Tensor): tf.Scalar => {
    const rows = gelu(linear(layerNorm(x, gamma, beta, 1e-12), weight, beta));
    const mixed = attention(rows, rows, rows, bias, { heads: 2, rate: 0.1, random: new Random(5) });
    return tf.sum(tf.square(dropout(mixed, 0.2, new Random(6))));
  };
  const { value, grads } = tf.valueAndGrads(loss)([x, gamma, weight]);
  const numbers = await Promise.all([value, ...grads].map(async (one) => (await one.data()).slice()));
  tf.dispose([x, gamma, beta, weight, bias, value, grads]);
  return numbers;
}

Deno.test("kernels on wasm compute above 2 GiB of memory what cpu computes", async () => {
  using _reference = await startBackend("cpu");
  const expected = await numbersOf();
  using _backend = await startBackend("wasm");
  // 1 GiB each, of which nothing is touched; what is asked for next lies behind them.
  const filling = [1, 2].map(() => wasmHeap.allocate([2 ** 28]));
  const probe = wasmHeap.allocate([1]);

  const [address, actual] = [wasmHeap.address(probe), await numbersOf()];

  tf.dispose([...filling, probe]);
  assertEquals(address > 2 ** 31, true, String(address));
  for (const [index, numbers] of actual.entries()) {
    assertLess(relativeError(numbers, expected[index]!), 1e-5);
  }
});
