/**
 * Training with the head behind the wall against the same model in one process, on one tape.
 *
 * @module
 */
import { BertEncoder } from "../core/bert/model.ts";
import { BertTokenizer } from "../core/bert/tokenizer.ts";
import { SPECIAL_TOKENS } from "../core/bert/vocabulary.ts";
import { assertEquals, assertLess } from "../core/deps/assert.ts";
import * as tf from "../core/deps/tfjs.ts";
import { PluginManager } from "../core/plugins/manager.ts";
import { AdamW } from "../core/tensor/adamw.ts";
import { type Backend, startBackend } from "../core/tensor/backend.ts";
import { Random } from "../core/tensor/random.ts";
import { HeadClient } from "../core/train/head_client.ts";
import { learningRateAt } from "../core/train/schedule.ts";
import type { Example } from "../core/train/examples.ts";
import { predictLogits } from "../core/train/inference.ts";
import { Trainer } from "../core/train/trainer.ts";
import type { HostTensor } from "../core/wall/tensor.ts";
import { workerSandbox } from "../workers/worker_sandbox.ts";
import { relativeError, TINY, trainedLikeWeights } from "./fixtures/tiny_bert.ts";

const STEPS = 20;
const OPTIONS = {
  seed: 5,
  labels: 3,
  batchSize: 4,
  weightDecay: 0.05,
  // Lower than the norms that occur, so that clipping is part of what is compared.
  maxGradientNorm: 0.7,
  learningRate: 2e-3,
  totalSteps: STEPS,
  warmupShare: 0.2,
};
const HEAD = new URL("../plugins/custom_classification_head/", import.meta.url);
const VOCABULARY = [
  ...SPECIAL_TOKENS,
  ...Array.from({ length: TINY.vocabSize - 5 }, (_, index) => `w${index}`),
];

/** Examples of 3 to 12 tokens in 3 classes. */
function examples(count: number): Example[] {
  const random = new Random(21);
  return Array.from({ length: count }, () => ({
    ids: Int32Array.from({ length: 3 + random.below(10) }, () => 5 + random.below(TINY.vocabSize - 5)),
    truncated: 0,
    label: random.below(3),
  }));
}

interface Behind {
  readonly encoder: BertEncoder;
  readonly tokenizer: BertTokenizer;
  readonly head: HeadClient;
  readonly backend: Backend;
  readonly trainer: Trainer;
}

/** A trainer whose head runs in a worker; everything is released with the stack. */
async function trainerBehindTheWall(
  stack: DisposableStack,
  { pooling = "cls", dropout = 0.1, batchSize = OPTIONS.batchSize } = {},
): Promise<Behind> {
  const backend = stack.use(await startBackend("wasm"));
  const config = { ...TINY, dropout };
  const encoder = stack.use(BertEncoder.fromWeights(config, trainedLikeWeights(config, 7), "a seeded model"));
  const tokenizer = new BertTokenizer(VOCABULARY, { maxLength: 16, buckets: [8, 16] });
  const plugins = stack.use(new PluginManager({ createSandbox: workerSandbox }));
  const settings = { hidden_size: 16, num_labels: 3, dropout_rate: 0, pooling };
  const plugin = await plugins.start(HEAD, { port: "head", settings, seed: 3 });
  const head = await HeadClient.connect(plugin, 3);
  const trainer = stack.use(new Trainer({ encoder, tokenizer, head, backend }, { ...OPTIONS, batchSize }));
  return { encoder, tokenizer, head, backend, trainer };
}

/** The same model in one process: one loss, one call of `tf.variableGrads`, one optimizer. */
class WholeModel {
  readonly #encoder: BertEncoder;
  readonly #tokenizer: BertTokenizer;
  readonly #parameters: Map<string, tf.Variable>;
  readonly #optimizer: AdamW;
  readonly #pooling: string;

  constructor(head: ReadonlyMap<string, HostTensor>, pooling: string, dropout: number) {
    const config = { ...TINY, dropout };
    this.#pooling = pooling;
    this.#encoder = BertEncoder.fromWeights(config, trainedLikeWeights(config, 7), "a seeded model");
    this.#tokenizer = new BertTokenizer(VOCABULARY, { maxLength: 16, buckets: [8, 16] });
    const headParameters = [...head].map(([name, { data, shape }]) =>
      [name, tf.tidy(() => tf.variable(tf.tensor(data, [...shape])))] as const
    );
    this.#parameters = new Map([...this.#encoder.parameters, ...headParameters]);
    this.#optimizer = new AdamW(this.#parameters);
  }

  step(batch: readonly Example[], step: number): number {
    const tokens = this.#tokenizer.batch(batch);
    const { value, grads } = tf.variableGrads(
      () => {
        const hidden = this.#encoder.forward(tokens, { seed: OPTIONS.seed, step, microBatch: 0 });
        const mask = tf.tensor(tokens.mask, [tokens.batch, tokens.length, 1]);
        const read = this.#pooling === "cls"
          ? tf.reshape(tf.slice(hidden, [0, 0, 0], [tokens.batch, 1, 16]), [tokens.batch, 16])
          : tf.div(tf.sum(tf.mul(hidden, mask), 1), tf.sum(mask, 1));
        const weight = this.#parameters.get("classifier.weight")!;
        const logits = tf.add(
          tf.matMul(tf.relu(read) as tf.Tensor2D, weight as tf.Tensor as tf.Tensor2D, false, true),
          this.#parameters.get("classifier.bias")!,
        );
        const targets = tf.tensor(
          batch.flatMap(({ label }) => [0, 1, 2].map((one) => Number(one === label))),
          [
            batch.length,
            3,
          ],
        );
        return tf.neg(tf.mean(tf.sum(tf.mul(targets, tf.logSoftmax(logits)), 1))) as tf.Scalar;
      },
      [...this.#parameters.values()],
    );
    const norm = Math.sqrt(
      Object.values(grads).reduce(
        (sum, one) => sum + (one.dataSync() as Float32Array).reduce((all, x) => all + x * x, 0),
        0,
      ),
    );
    const byName = [...this.#parameters].map(([name, variable]) => [name, grads[variable.name]!] as const);
    this.#optimizer.update(new Map(byName), {
      learningRate: learningRateAt(step, OPTIONS),
      weightDecay: OPTIONS.weightDecay,
      scale: Math.min(1, OPTIONS.maxGradientNorm / (norm + 1e-6)),
    });
    const loss = value.dataSync()[0]!;
    tf.dispose([value, grads]);
    return loss;
  }

  weights(): Map<string, Float32Array> {
    return new Map(
      [...this.#parameters].map(([name, one]) => [name, one.dataSync().slice() as Float32Array]),
    );
  }

  [Symbol.dispose](): void {
    this.#optimizer[Symbol.dispose]();
    tf.dispose([...this.#parameters.values()]);
  }
}

for (const [pooling, dropout] of [["cls", 0], ["cls", 0.1], ["mean", 0.1]] as const) {
  Deno.test(`Trainer with a head behind the wall trains as one process does (${pooling}, dropout ${dropout})`, async () => {
    using stack = new DisposableStack();
    const { trainer, encoder, head } = await trainerBehindTheWall(stack, { pooling, dropout });
    const whole = stack.use(new WholeModel((await head.state()).parameters, pooling, dropout));
    const batch = examples(OPTIONS.batchSize * STEPS);

    const losses: [number, number][] = [];
    for (let step = 1; step <= STEPS; step++) {
      const part = batch.slice((step - 1) * OPTIONS.batchSize, step * OPTIONS.batchSize);
      losses.push([(await trainer.trainStep(part)).loss, whole.step(part, step)]);
    }

    for (const [behind, inProcess] of losses) assertLess(Math.abs(behind - inProcess), 1e-5);
    const expected = whole.weights();
    const actual = new Map([...await encoder.weights(), ...(await head.state()).parameters]);
    assertEquals([...actual.keys()].sort(), [...expected.keys()].sort());
    for (const [name, { data }] of actual) {
      // The gradient of these is zero but for rounding, and AdamW makes full steps of rounding.
      if (name.endsWith("key.bias")) continue;
      assertLess(relativeError(data, expected.get(name)!), 1e-4, name);
    }
  });
}

Deno.test("Trainer.trainStep() with micro-batches equals one step with the whole batch", async () => {
  using stack = new DisposableStack();
  const inOne = await trainerBehindTheWall(stack, { dropout: 0, batchSize: 8 });
  const inParts = await trainerBehindTheWall(stack, { dropout: 0, batchSize: 3 });
  const batch = examples(8);

  const one = await inOne.trainer.trainStep(batch);
  const parts = await inParts.trainer.trainStep(batch);

  assertLess(Math.abs(one.loss - parts.loss), 1e-6);
  assertLess(Math.abs(one.gradientNorm - parts.gradientNorm) / one.gradientNorm, 1e-5);
  const expected = await inOne.encoder.weights();
  for (const [name, { data }] of await inParts.encoder.weights()) {
    // After one update AdamW has moved each number by the rate, whatever rounding did to its gradient.
    if (!name.endsWith("key.bias")) assertLess(relativeError(data, expected.get(name)!.data), 1e-4, name);
  }
});

Deno.test("Trainer keeps the number of tensors over steps, and leaves none behind", async () => {
  const before = tf.memory().numTensors;
  {
    using stack = new DisposableStack();
    const behind = await trainerBehindTheWall(stack, { pooling: "mean" });
    const { trainer } = behind;
    const batch = examples(7);
    await trainer.trainStep(batch);
    const afterOne = tf.memory().numTensors;

    for (let step = 0; step < 5; step++) await trainer.trainStep(batch);
    await predictLogits(behind, batch, 3);

    assertEquals(tf.memory().numTensors, afterOne);
  }
  assertEquals(tf.memory().numTensors, before);
});

Deno.test("predictLogits() answers in the order of the examples, whatever the batches", async () => {
  using stack = new DisposableStack();
  const behind = await trainerBehindTheWall(stack);
  const batch = examples(9);

  const together = await predictLogits(behind, batch, 9);
  const apart = await predictLogits(behind, batch, 2);

  const flat = (logits: readonly Float32Array[]): Float32Array =>
    Float32Array.from(logits.flatMap((one) => [...one]));
  assertLess(relativeError(flat(apart), flat(together)), 1e-5);
});
