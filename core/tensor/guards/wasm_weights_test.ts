import { assertEquals } from "../../deps/assert.ts";
import * as tf from "../../deps/tfjs.ts";
import { stockKernels } from "../../../tests/fixtures/stock_tfjs.ts";
import { startBackend } from "../backend.ts";
import { useWasmKernels } from "../kernels/wasm_kernels.ts";
import type { WasmBackend } from "../kernels/wasm_heap.ts";

/** Two products with a matrix that is multiplied by five in place between them. */
async function products(): Promise<number[]> {
  const backend = tf.backend() as unknown as WasmBackend;
  const [x, weight] = [tf.tensor2d([[2]]), tf.tensor2d([[2]])];
  const first = tf.matMul(x, weight);
  backend.typedArrayFromHeap(weight)[0]! *= 5;
  const second = tf.matMul(x, weight);
  const values = [(await first.data())[0]!, (await second.data())[0]!];
  tf.dispose([x, weight, first, second]);
  return values;
}

for (const own of [true, false]) {
  const kernels = own ? "our kernels" : "tfjs' kernels, as in an engine without relaxed SIMD,";
  Deno.test(`a product on wasm with ${kernels} sees a matrix that changed in place`, async () => {
    using _backend = await startBackend("wasm");
    useWasmKernels(own);
    try {
      assertEquals(await products(), [4, 20]);
    } finally {
      useWasmKernels(true);
    }
  });
}

Deno.test("without the guard, a product on wasm takes the matrix as it was when it first saw it", async () => {
  using _backend = await startBackend("wasm");
  using _stock = stockKernels("wasm", "BatchMatMul");

  assertEquals(await products(), [4, 4]);
});
