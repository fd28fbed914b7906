/**
 * The encoder against onnxruntime, which shares no line with it.
 *
 * @module
 */
import { BertEncoder } from "../../core/bert/model.ts";
import { assertEquals, assertLess } from "../../core/deps/assert.ts";
import { startBackend } from "../../core/tensor/backend.ts";
import { BACKENDS } from "../fixtures/backends.ts";
import { paddedBatch, relativeError, TINY, trainedLikeWeights } from "../fixtures/tiny_bert.ts";
import { bertToOnnx, runOnnx } from "../oracle/onnx_bert.ts";

for (const backendName of BACKENDS) {
  for (const [length, tokens] of [[8, [8, 5, 1]], [23, [23, 2, 17, 9]]] as const) {
    Deno.test(`BertEncoder.forward() on ${backendName} equals onnxruntime at length ${length} with padding`, async () => {
      using _backend = await startBackend(backendName);
      const weights = trainedLikeWeights(TINY, 7);
      const batch = paddedBatch(tokens, length, 11);
      using encoder = BertEncoder.fromWeights(TINY, weights, "a seeded model");

      const hidden = encoder.forward(batch);
      const actual = await hidden.data();
      const expected = await runOnnx(bertToOnnx(TINY, weights), {
        ids: batch.ids,
        mask: batch.mask,
        types: new Int32Array(batch.ids.length),
        batch: batch.batch,
        length,
      });

      assertEquals(hidden.shape, expected.shape);
      // 1e-4 is asked for; float32 sums in another order differ by about 1e-6 here.
      assertLess(relativeError(actual, expected.data), 1e-5);
      hidden.dispose();
    });
  }
}

Deno.test("BertEncoder.forward() of one text does not depend on how far it is padded", async () => {
  using _backend = await startBackend("wasm");
  using encoder = BertEncoder.fromWeights(TINY, trainedLikeWeights(TINY, 7), "a seeded model");
  const short = paddedBatch([5], 6, 3);
  const long = paddedBatch([5], 20, 3);

  const [a, b] = [encoder.forward(short), encoder.forward(long)];
  const [first, second] = [await a.data(), await b.data()];

  assertLess(relativeError(first.slice(0, 5 * 16), second.slice(0, 5 * 16)), 1e-6);
  a.dispose();
  b.dispose();
});
