/**
 * Training with numbers stored as float16 learns what it learns with float32, and never from old weights.
 *
 * A tolerance is a number of roundings to float16, each a share of 2^-11 at most. A gradient passes some twenty
 * stored tensors of two layers, whose roundings are as often up as down: together about two of them.
 *
 * @module
 */
import { BertEncoder, type ForwardOptions } from "../../core/bert/model.ts";
import { assert, assertEquals, assertLess } from "../../core/deps/assert.ts";
import * as tf from "../../core/deps/tfjs.ts";
import { AdamW } from "../../core/tensor/adamw.ts";
import { type BackendName, startBackend } from "../../core/tensor/backend.ts";
import { Random } from "../../core/tensor/random.ts";
import { Tape } from "../../core/tensor/tape.ts";
import { crossEntropy, Linear } from "../../plugins/sdk/tensors.ts";
import { HAS_FLOAT16 } from "../fixtures/float16.ts";
import { paddedBatch, relativeError, TINY, trainedLikeWeights } from "../fixtures/tiny_bert.ts";
import { deviceTest } from "../fixtures/webgpu_kernels.ts";

const ROUNDING = 2 ** -11;
const FLOAT16 = { precision: "float16" } as const;
const CONFIG = { ...TINY, dropout: 0.1 };
const BATCHES = [
  { tokens: paddedBatch([6, 3, 9, 5], 10, 5), labels: [1, 0, 2, 1] },
  { tokens: paddedBatch([8, 2, 4, 9], 9, 6), labels: [0, 2, 2, 1] },
  { tokens: paddedBatch([7, 7, 1, 3], 7, 7), labels: [1, 1, 0, 2] },
] as const;

/** What training came to. */
interface Training {
  readonly losses: readonly number[];
  /** Of the first step. */
  readonly gradients: ReadonlyMap<string, Float32Array>;
  /** In the end. */
  readonly parameters: ReadonlyMap<string, Float32Array>;
}

/** A small encoder and a linear head, updated together. */
async function train(steps: number, options: ForwardOptions = {}): Promise<Training> {
  using encoder = BertEncoder.fromWeights(CONFIG, trainedLikeWeights(CONFIG, 7), "a seeded model");
  const head = seededHead();
  const parameters = new Map<string, tf.Variable>([
    ...encoder.parameters,
    ...[["head.weight", head.weight], ["head.bias", head.bias]] as const,
  ]);
  using optimizer = new AdamW(parameters);
  const losses: number[] = [];
  let first: Map<string, Float32Array> | undefined;
  for (let step = 1; step <= steps; step++) {
    const { tokens, labels } = BATCHES[step % 3]!;
    using tape = new Tape();
    const loss = tf.tidy(() => {
      const hidden = encoder.forward(tokens, { seed: 1, step, microBatch: 0 }, options);
      const cls = tf.reshape(tf.slice(hidden, [0, 0, 0], [4, 1, -1]), [4, CONFIG.hiddenSize]);
      return crossEntropy(head.apply(cls), tf.tensor1d([...labels], "int32"));
    });
    const found = tape.gradients(loss, undefined, [...parameters.values()]);
    const gradients = new Map([...parameters.keys()].flatMap((name, index) => {
      const gradient = found[index];
      return gradient ? [[name, gradient] as const] : [];
    }));
    losses.push((await loss.data())[0]!);
    first ??= await valuesOf(gradients);
    optimizer.update(gradients, { learningRate: 3e-3 });
    tf.dispose([loss, ...gradients.values()]);
  }
  const values = await valuesOf(parameters);
  tf.dispose([head.weight, head.bias]);
  return { losses, gradients: first!, parameters: values };
}

function seededHead(): Linear {
  const random = new Random(99);
  const normal = (...shape: number[]): tf.Variable => {
    const values = Float32Array.from({ length: tf.util.sizeFromShape(shape) }, () => random.normal() * 0.3);
    return tf.tidy(() => tf.variable(tf.tensor(values, shape)));
  };
  return new Linear(normal(3, CONFIG.hiddenSize), normal(3));
}

async function valuesOf(tensors: ReadonlyMap<string, tf.Tensor>): Promise<Map<string, Float32Array>> {
  const values = new Map<string, Float32Array>();
  for (const [name, one] of tensors) values.set(name, (await one.data()).slice() as Float32Array);
  return values;
}

async function on<Result>(backendName: BackendName, run: () => Promise<Result>): Promise<Result> {
  using backend = await startBackend(backendName);
  const result = await run();
  backend.check();
  return result;
}

Deno.test({
  name: "20 steps with float16 have the losses of those with float32, and learn as much",
  ignore: !HAS_FLOAT16,
  async fn(): Promise<void> {
    const full = await on("webgpu", () => train(20));
    const half = await on("webgpu", () => train(20, FLOAT16));

    full.losses.forEach((loss, index) =>
      assertLess(Math.abs(half.losses[index]! - loss) / loss, 8 * ROUNDING, `step ${index + 1}`)
    );
    const learned = ({ losses }: Training): number => losses.at(-1)! / losses[1]!;
    assertLess(learned(full), 0.5);
    assertLess(Math.abs(learned(half) - learned(full)), 0.01);
    for (const [name, values] of half.parameters) assert(values.every(Number.isFinite), name);
  },
});

Deno.test({
  name: "gradients of a step with float16 follow those of float32 on cpu within its roundings",
  ignore: !HAS_FLOAT16,
  async fn(): Promise<void> {
    const half = await on("webgpu", () => train(1, FLOAT16));
    const cpu = await on("cpu", () => train(1));

    assertEquals([...half.gradients.keys()], [...cpu.gradients.keys()]);
    for (const [name, expected] of cpu.gradients) {
      const actual = half.gradients.get(name)!;
      // Attention does not depend on the bias of its keys: that gradient is rounding and nothing else.
      if (name.endsWith("key.bias")) assertLess(Math.max(...actual.map(Math.abs)), ROUNDING, name);
      else assertLess(relativeError(actual, expected), 8 * ROUNDING, name);
    }
  },
});

Deno.test({
  name: "float16 with gradient checkpointing is the same training as without",
  ignore: !HAS_FLOAT16,
  async fn(): Promise<void> {
    const plain = await on("webgpu", () => train(4, FLOAT16));
    const again = await on("webgpu", () => train(4, { ...FLOAT16, gradientCheckpointing: true }));

    plain.losses.forEach((loss, index) => assertLess(Math.abs(again.losses[index]! - loss), 1e-5));
  },
});

deviceTest(
  "float16 computes with the weights of now: after an update, a restore and an assignment",
  async () => {
    using encoder = BertEncoder.fromWeights(TINY, trainedLikeWeights(TINY, 7), "a seeded model");
    using optimizer = new AdamW(encoder.parameters);
    const { tokens } = BATCHES[0];
    const hidden = async (encoder: BertEncoder): Promise<tf.TypedArray> => {
      const states = encoder.forward(tokens, undefined, FLOAT16);
      const values = await states.data();
      states.dispose();
      return values;
    };
    const requireCurrent = async (what: string): Promise<tf.TypedArray> => {
      const actual = await hidden(encoder);
      using fresh = BertEncoder.fromWeights(TINY, await encoder.weights(), "the weights of now");
      assertEquals(actual, await hidden(fresh), what);
      return actual;
    };
    const seen = [await requireCurrent("at first")];

    const gradients = new Map([...encoder.parameters].map(([name, one]) => [name, tf.onesLike(one)]));
    optimizer.update(gradients, { learningRate: 0.01 });
    tf.dispose([...gradients.values()]);
    seen.push(await requireCurrent("after an update in place"));
    encoder.restore(trainedLikeWeights(TINY, 8), "other weights");
    seen.push(await requireCurrent("after a restore"));
    const query = encoder.parameters.get("encoder.layer.0.attention.self.query.weight")!;
    const other = tf.zerosLike(query);
    query.assign(other);
    other.dispose();
    seen.push(await requireCurrent("after an assignment"));

    assertEquals(new Set(seen.map((values) => values.join())).size, 4);
  },
  { ignore: !HAS_FLOAT16 },
);

deviceTest("float16 keeps half as much between the passes", async () => {
  using encoder = BertEncoder.fromWeights(TINY, trainedLikeWeights(TINY, 7), "a seeded model");
  const keptBytes = async (options: ForwardOptions): Promise<number> => {
    const before = await bytesOnDevice();
    using _tape = new Tape();
    const hidden = encoder.forward(BATCHES[0].tokens, undefined, options);
    const kept = await bytesOnDevice() - before;
    hidden.dispose();
    return kept;
  };

  const [full, half] = [await keptBytes({}), await keptBytes(FLOAT16)];

  // The embeddings and what comes out are float32 as before, and weights have copies.
  assertLess(half, 0.75 * full);
}, { ignore: !HAS_FLOAT16 });

/** In use by tensors, when nothing is under way. */
async function bytesOnDevice(): Promise<number> {
  const marker = tf.zeros([1]);
  await marker.data(); // submits, which gives back what only waited for it
  marker.dispose();
  return (tf.memory() as unknown as { numBytesInGPU: number }).numBytesInGPU;
}
