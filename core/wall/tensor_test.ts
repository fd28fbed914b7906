import { assert, assertEquals } from "../deps/assert.ts";
import { isHostTensor, sizeOf } from "./tensor.ts";

Deno.test("sizeOf() counts the places of a shape, 1 for a scalar", () => {
  assertEquals([[], [3], [2, 3], [0, 5]].map(sizeOf), [1, 3, 6, 0]);
});

Deno.test("isHostTensor() is true only where type, shape and data agree", async (t) => {
  const good = { dtype: "float32", shape: [2], data: new Float32Array(2) };
  const bad: Record<string, unknown> = {
    null: null,
    text: "tensor",
    "another type of numbers": { ...good, dtype: "int32" },
    "an unknown type": { ...good, dtype: "float64" },
    "too few numbers": { ...good, shape: [3] },
    "no shape": { ...good, shape: undefined },
    "a negative dimension": { ...good, shape: [-1, -2] },
    "a broken dimension": { ...good, shape: [0.5, 4] },
    "a list for data": { ...good, data: [1, 2] },
    "bytes for data": { ...good, data: new Uint8Array(2) },
  };

  assert(isHostTensor(good));
  for (const [what, value] of Object.entries(bad)) {
    await t.step(what, () => assert(!isHostTensor(value)));
  }
});
