/**
 * An encoder whose table of words is in shards computes and learns what one in one piece does.
 *
 * @module
 */
import { readModelFolder, writeModelFolder } from "../../core/bert/files.ts";
import { BertEncoder } from "../../core/bert/model.ts";
import { parameterShapes } from "../../core/bert/parameters.ts";
import { assert, assertEquals, assertLess, assertThrows } from "../../core/deps/assert.ts";
import * as tf from "../../core/deps/tfjs.ts";
import { AdamW } from "../../core/tensor/adamw.ts";
import { startBackend } from "../../core/tensor/backend.ts";
import { largestTensorBytes } from "../../core/tensor/limits.ts";
import { Tape } from "../../core/tensor/tape.ts";
import { download } from "../../core/tensor/transfer.ts";
import { KBertError } from "../../core/wall/errors.ts";
import type { HostTensor } from "../../core/wall/tensor.ts";
import { BACKENDS } from "../fixtures/backends.ts";
import { TINY, trainedLikeWeights } from "../fixtures/tiny_bert.ts";

const WORDS = "embeddings.word_embeddings.weight";
const CONFIG = { ...TINY, vocabSize: 100, dropout: 0.2 };
/** 40 rows of 64 bytes, and more than any other parameter takes: three shards, the last one with two rows less. */
const LIMIT_BYTES = 2_560;
const SHARDS = [`${WORDS}[0:34]`, `${WORDS}[34:68]`, `${WORDS}[68:100]`];
const STEPS = 5;

/** Ids of three texts of 7 tokens: of all shards with borders and repeats, of the second one only. */
const IDS: readonly (readonly [string, (at: number) => number])[] = [
  ["of all shards", (at) => [0, 33, 34, 67, 68, 99, 33, 50][at % 8]!],
  ["of one shard only", (at) => 34 + at % 5],
];

for (const backendName of BACKENDS) {
  for (const [which, idOf] of IDS) {
    Deno.test(`BertEncoder in shards trains as in one piece, with ids ${which}, on ${backendName}`, async () => {
      using backend = await startBackend(backendName);
      const weights = trainedLikeWeights(CONFIG, 3);
      using whole = BertEncoder.fromWeights(CONFIG, weights, "weights");
      using cut = BertEncoder.fromWeights(CONFIG, weights, "weights", { limitBytes: LIMIT_BYTES });
      assertEquals([...cut.parameters.keys()].slice(0, 3), SHARDS);
      const before = tf.memory().numTensors;

      const expected = await train(whole, idOf);
      const actual = await train(cut, idOf);

      // The same sums in the same order: no bit differs.
      assertEquals(actual, expected);
      assertEquals(await cut.weights(), await whole.weights());
      assertEquals([...actual.gradients.keys()], [...parameterShapes(CONFIG)].map(([name]) => name));
      assertEquals(tf.memory().numTensors, before);
      backend.check();
    });
  }
}

Deno.test("BertEncoder in shards has the same gradients with gradient checkpointing", async () => {
  using _backend = await startBackend("wasm");
  using cut = BertEncoder.fromWeights(CONFIG, trainedLikeWeights(CONFIG, 3), "weights", {
    limitBytes: LIMIT_BYTES,
  });

  const plain = await passes(cut, IDS[0]![1], 1, false);
  const checkpointed = await passes(cut, IDS[0]![1], 1, true);

  assertEquals(await hostOf(cut, checkpointed.gradients), await hostOf(cut, plain.gradients));
  tf.dispose([...plain.gradients.values(), ...checkpointed.gradients.values()]);
});

Deno.test("BertEncoder.create() draws the same weights whatever is cut, and restores those of another cut", async () => {
  using _backend = await startBackend("cpu");
  using whole = BertEncoder.create(CONFIG, 4);
  using cut = BertEncoder.create(CONFIG, 4, { limitBytes: LIMIT_BYTES });
  using other = BertEncoder.create(CONFIG, 5, { limitBytes: LIMIT_BYTES + 64 * 10 });

  const weights = await whole.weights();
  assertEquals(await cut.weights(), weights);
  other.restore(await cut.weights(), "weights");

  assertEquals(await other.weights(), weights);
  assertEquals(other.parameters.get(`${WORDS}[50:100]`)!.shape, [50, 16]);
});

Deno.test("a model folder is the same bytes whatever was cut, and is read with any limit", async () => {
  using _backend = await startBackend("cpu");
  const folder = await Deno.makeTempDir();
  try {
    using whole = BertEncoder.create(CONFIG, 4);
    using cut = BertEncoder.create(CONFIG, 4, { limitBytes: LIMIT_BYTES });
    const rest = { config: {}, vocabulary: ["[PAD]"] };
    await writeModelFolder(`${folder}/whole`, { ...rest, weights: await whole.weights() });
    await writeModelFolder(`${folder}/cut`, { ...rest, weights: await cut.weights() });

    const [expected, actual] = await Promise.all(
      ["whole", "cut"].map((name) => Deno.readFile(`${folder}/${name}/model.safetensors`)),
    );
    assertEquals(actual, expected);
    const { weights } = await readModelFolder(`${folder}/whole`);
    using read = BertEncoder.fromWeights(CONFIG, weights, folder, { limitBytes: LIMIT_BYTES });
    assert(read.parameters.has(SHARDS[2]!));
    assertEquals(await read.weights(), await whole.weights());
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("BertEncoder refuses what cannot be cut with its numbers, before it is built", async () => {
  using _backend = await startBackend("cpu");
  const before = tf.memory().numTensors;

  const ofLinear = assertThrows(() => BertEncoder.create(CONFIG, 1, { limitBytes: 2_047 }), KBertError);
  const ofRow = assertThrows(
    () => BertEncoder.create({ ...CONFIG, hiddenSize: 1_024 }, 1, { limitBytes: 4_095 }),
    KBertError,
  );

  assertEquals([ofLinear.code, ofRow.code], ["tensor/too-large", "tensor/too-large"]);
  assertEquals(ofLinear.detail, { limitBytes: 2_047, bytes: 2_048 });
  assert(ofLinear.message.includes("encoder.layer.0.intermediate.dense.weight of 32 × 16 numbers"));
  assertEquals(tf.memory().numTensors, before);
});

Deno.test({
  name: "a table over 128 MiB trains on webgpu: looked-up rows move by the rate, all others only decay",
  ignore: !BACKENDS.includes("webgpu"),
  fn: async () => {
    using backend = await startBackend("webgpu");
    const small = { ...TINY, hiddenSize: 128, intermediateSize: 128, maxPositions: 8, layers: 1 };
    const config = { ...small, vocabSize: 264_000 };
    const weights = trainedLikeWeights(small, 3);
    const shape = [config.vocabSize, config.hiddenSize];
    const table = new Float32Array(shape[0]! * shape[1]!);
    for (let at = 0; at < table.length; at++) table[at] = Math.imul(at, 0x9e3779b1) / 2 ** 32; // -0.5 to 0.5
    weights.set(WORDS, { dtype: "float32", shape, data: table });
    const limitBytes = Math.min(2 ** 27, largestTensorBytes());
    using encoder = BertEncoder.fromWeights(config, weights, "weights", { limitBytes });
    assert(encoder.parameters.has(`${WORDS}[0:132000]`), [...encoder.parameters.keys()].join());
    using optimizer = new AdamW(encoder.parameters);
    const ids = Int32Array.of(0, 131_999, 132_000, 263_999);
    const [learningRate, weightDecay] = [0.01, 0.5];

    const mask = new Float32Array(4).fill(1);
    using tape = new Tape();
    const hidden = encoder.forward({ batch: 1, length: 4, ids, mask });
    const dy = tf.tidy(() => tf.sin(tf.reshape(tf.range(0, hidden.size, 1, "float32"), hidden.shape)));
    const found = tape.gradients(hidden, dy, [...encoder.parameters.values()]) as tf.Tensor[];
    const gradients = new Map([...encoder.parameters.keys()].map((name, index) => [name, found[index]!]));
    optimizer.update(gradients, { learningRate, weightDecay });
    tf.dispose([hidden, dy, ...found]);

    const updated = (await encoder.weights()).get(WORDS)!.data;
    let [worstOther, worstLookedUp] = [0, 0];
    for (let row = 0; row < shape[0]!; row++) {
      const isLookedUp = ids.includes(row);
      for (let at = row * 128; at < (row + 1) * 128; at++) {
        const change = updated[at]! - table[at]! * (1 - learningRate * weightDecay);
        // The first step of AdamW is the rate, up or down, wherever there is a gradient.
        if (isLookedUp) worstLookedUp = Math.max(worstLookedUp, Math.abs(Math.abs(change) - learningRate));
        else worstOther = Math.max(worstOther, Math.abs(change));
      }
    }
    assertLess(worstOther, 1e-7); // a few roundings of numbers below 0.5
    assertLess(worstLookedUp, 1e-5); // epsilon beside gradients of 1e-5 and more
    backend.check();
  },
});

interface Trained {
  readonly losses: number[];
  readonly hidden: HostTensor;
  /** Of the last step, by canonical names; so are the moments. */
  readonly gradients: Map<string, HostTensor>;
  readonly moments: Map<string, HostTensor>;
}

async function train(encoder: BertEncoder, idOf: (at: number) => number): Promise<Trained> {
  using optimizer = new AdamW(encoder.parameters);
  const losses: number[] = [];
  for (let step = 1;; step++) {
    const { loss, hidden, gradients } = await passes(encoder, idOf, step, false);
    losses.push(loss);
    optimizer.update(gradients, { learningRate: 0.01, weightDecay: 0.1 });
    const host = step === STEPS ? await hostOf(encoder, gradients) : undefined;
    tf.dispose([...gradients.values()]);
    if (host) return { losses, hidden, gradients: host, moments: encoder.joined(await optimizer.state()) };
  }
}

/** One step, with the loss `sum(hidden * dy)`. The gradients, by the names of the parameters, are the caller's. */
async function passes(
  encoder: BertEncoder,
  idOf: (at: number) => number,
  step: number,
  gradientCheckpointing: boolean,
): Promise<{ loss: number; hidden: HostTensor; gradients: Map<string, tf.Tensor> }> {
  const [batch, length] = [3, 7];
  const ids = Int32Array.from({ length: batch * length }, (_, at) => idOf(at));
  const mask = Float32Array.from(ids, (_, at) => at % length === 6 && at > length ? 0 : 1);
  using tape = new Tape();
  const place = { seed: 5, step, microBatch: 0 };
  const hidden = encoder.forward({ batch, length, ids, mask }, place, { gradientCheckpointing });
  const upstream = Float32Array.from({ length: hidden.size }, (_, at) => Math.sin(at));
  const dy = tf.tensor(upstream, hidden.shape);
  const found = tape.gradients(hidden, dy, [...encoder.parameters.values()]) as tf.Tensor[];
  const host = await download(hidden);
  tf.dispose([hidden, dy]);
  return {
    loss: (host.data as Float32Array).reduce((sum, one, at) => sum + one * upstream[at]!, 0),
    hidden: host,
    gradients: new Map([...encoder.parameters.keys()].map((name, index) => [name, found[index]!])),
  };
}

async function hostOf(
  encoder: BertEncoder,
  tensors: ReadonlyMap<string, tf.Tensor>,
): Promise<Map<string, HostTensor>> {
  const host = new Map<string, HostTensor>();
  for (const [name, tensor] of tensors) host.set(name, await download(tensor));
  return encoder.joined(host);
}
