/**
 * The gradient of the whole model, against finite differences and against the other backend.
 *
 * @module
 */
import { BertEncoder } from "../../core/bert/model.ts";
import { assert, assertLess } from "../../core/deps/assert.ts";
import * as tf from "../../core/deps/tfjs.ts";
import { type BackendName, startBackend } from "../../core/tensor/backend.ts";
import { Random } from "../../core/tensor/random.ts";
import { Tape } from "../../core/tensor/tape.ts";
import type { HostTensor } from "../../core/wall/tensor.ts";
import { crossEntropy, Linear } from "../../plugins/sdk/tensors.ts";
import { BACKENDS } from "../fixtures/backends.ts";
import { paddedBatch, relativeError, TINY, trainedLikeWeights } from "../fixtures/tiny_bert.ts";

const BATCH = paddedBatch([6, 3, 9], 10, 5);
const LABELS = [1, 0, 2];

/** The loss of encoder and head on one batch, and its gradient by every parameter. */
async function lossAndGradients(
  weights: ReadonlyMap<string, HostTensor>,
  dropout = 0,
): Promise<{ loss: number; gradients: Map<string, Float32Array> }> {
  using encoder = BertEncoder.fromWeights({ ...TINY, dropout }, weights, "a seeded model");
  const random = new Random(99);
  const normal = (size: number): Float32Array =>
    Float32Array.from({ length: size }, () => random.normal() * 0.3);
  const head = new Linear(
    tf.variable(tf.tensor(normal(3 * 16), [3, 16])),
    tf.variable(tf.tensor(normal(3), [3])),
  );
  const place = dropout > 0 ? { seed: 1, step: 1, microBatch: 0 } : undefined;
  const parameters = new Map<string, tf.Variable>([
    ...encoder.parameters,
    ["head.weight", head.weight],
    ["head.bias", head.bias],
  ]);
  using tape = new Tape();
  const loss = tf.tidy(() => {
    const hidden = encoder.forward(BATCH, place);
    const first = tf.reshape(tf.slice(hidden, [0, 0, 0], [3, 1, 16]), [3, 16]);
    return crossEntropy(head.apply(first), tf.tensor1d(LABELS, "int32"));
  });
  const found = tape.gradients(loss, undefined, [...parameters.values()]);
  const gradients = new Map<string, Float32Array>();
  for (const [index, name] of [...parameters.keys()].entries()) {
    const gradient = found[index];
    if (gradient) gradients.set(name, (await gradient.data()).slice() as Float32Array);
  }
  const [value] = await loss.data();
  tf.dispose([loss, ...found.filter((one) => one !== undefined), head.weight, head.bias]);
  return { loss: value!, gradients };
}

async function on<Result>(backend: BackendName, run: () => Promise<Result>): Promise<Result> {
  using _backend = await startBackend(backend);
  return await run();
}

Deno.test("every parameter's gradient equals the central difference of the loss along a random direction", async () => {
  // Along a direction u, (L(w + hu) - L(w - hu)) / 2h = <gradient, u> + O(h^2). The loss is float32: its
  // rounding, 1e-7 of about 1, over 2h = 0.02 is 5e-6; h^2 times third derivatives of order 1 is 1e-4.
  const step = 1e-2;
  const weights = trainedLikeWeights(TINY, 7);
  const { gradients } = await on("wasm", () => lossAndGradients(weights));
  const random = new Random(17);

  for (const [name, tensor] of weights) {
    const direction = Float32Array.from(tensor.data, () => random.normal());
    const length = Math.hypot(...direction);
    direction.forEach((one, index) => direction[index] = one / length);
    const moved = (sign: number): Map<string, HostTensor> => {
      const data = Float32Array.from(tensor.data, (one, index) => one + sign * step * direction[index]!);
      return new Map([...weights, [name, { ...tensor, data }]]);
    };
    const [up, down] = [
      await on("wasm", () => lossAndGradients(moved(+1))),
      await on("wasm", () => lossAndGradients(moved(-1))),
    ];

    const measured = (up.loss - down.loss) / (2 * step);
    const gradient = gradients.get(name);
    const computed = gradient ? gradient.reduce((sum, one, index) => sum + one * direction[index]!, 0) : 0;

    assertLess(
      Math.abs(measured - computed),
      2e-4 + 2e-3 * Math.abs(measured),
      `${name}: ${measured} ${computed}`,
    );
  }
});

for (const [backend, dropout] of cases()) {
  Deno.test(`gradients of the whole model are the same on ${backend} and cpu with dropout ${dropout}`, async () => {
    const weights = trainedLikeWeights(TINY, 7);

    const other = await on(backend, () => lossAndGradients(weights, dropout));
    const cpu = await on("cpu", () => lossAndGradients(weights, dropout));

    assertLess(Math.abs(other.loss - cpu.loss) / cpu.loss, 1e-5);
    for (const [name, expected] of cpu.gradients) {
      const actual = other.gradients.get(name);
      assert(actual, `${name} has no gradient on ${backend}`);
      const largest = Math.max(...expected.map(Math.abs));
      // Attention does not depend on the bias of its keys: that gradient is rounding and nothing else.
      if (name.endsWith("key.bias")) assertLess(Math.max(...actual.map(Math.abs)), 1e-6);
      else assertLess(relativeError(actual, expected), 1e-5, `${name}, largest ${largest}`);
    }
  });
}

function* cases(): Iterable<[BackendName, number]> {
  for (const backend of BACKENDS) {
    if (backend !== "cpu") yield* [[backend, 0], [backend, 0.3]] as const;
  }
}
