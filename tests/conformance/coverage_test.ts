/**
 * That nothing is left out: every kernel of tfjs that a training step runs, with any head and any loss, is run by
 * a case of the suite, and every operation of our own table has cases.
 *
 * Looked at on cpu, where our operations are compositions and show what they are made of.
 *
 * @module
 */
import { BertEncoder } from "../../core/bert/model.ts";
import { assert, assertEquals } from "../../core/deps/assert.ts";
import * as tf from "../../core/deps/tfjs.ts";
import { AdamW, squaredNorm } from "../../core/tensor/adamw.ts";
import { startBackend } from "../../core/tensor/backend.ts";
import { composed } from "../../core/tensor/kernels/composed.ts";
import { Tape } from "../../core/tensor/tape.ts";
import { selectHidden } from "../../core/train/inference.ts";
import { CustomClassificationHead } from "../../plugins/custom_classification_head/custom_head.ts";
import { StandardHead } from "../../plugins/heads/heads.ts";
import type { Settings } from "../../plugins/heads/settings.ts";
import { HeadConfig } from "../../plugins/sdk/config.ts";
import { EventBus } from "../../plugins/sdk/event_bus.ts";
import type { HeadPort } from "../../plugins/sdk/head.ts";
import { paddedBatch, TINY, trainedLikeWeights } from "../fixtures/tiny_bert.ts";
import { OPERATIONS } from "./cases/all.ts";
import { expectedOf, problemsOf } from "./conformance.ts";

/** In ../optimizer_test.ts; they are no functions of their inputs. */
const OF_THE_OPTIMIZER = ["updateParameters", "squaredNorm"];
/** Of updateParameters, likewise; what it has besides is in a case. */
const FROM_NOTHING = ["Range", "Fill", "ZerosLike", "OnesLike"];

const BATCH = paddedBatch([6, 3, 9, 4], 10, 5);
const COMMON = HeadConfig({ name: "head", hidden_size: TINY.hiddenSize, num_labels: 3, dropout_rate: 0.3 });
const STANDARD: Settings = {
  ...{
    ...COMMON,
    task: "classification",
    loss: "auto",
    pooling: "cls",
    activation: "relu",
    hidden_layers: [8],
  },
  ...{ class_weights: [1, 2, 3], label_smoothing: 0, focal_gamma: 2, huber_delta: 1, margin: 1 },
};
const UNWEIGHED = { class_weights: [] };

/** Every loss, every activation and every pooling is in one of them; labels as their task has them. */
const HEADS: readonly (readonly [(bus: EventBus) => HeadPort, () => tf.Tensor])[] = [
  ...([
    [{ label_smoothing: 0.1, activation: "gelu" }, () => tf.tensor1d([0, 1, 2, 0], "int32")],
    [{ loss: "focal", activation: "tanh", pooling: "mean" }, () => tf.tensor1d([0, 1, 2, 0], "int32")],
    [{ task: "multilabel", activation: "none" }, () => tf.ones([4, 3])],
    [{ task: "regression", loss: "mse", ...UNWEIGHED }, () => tf.ones([4, 3])],
    [{ task: "regression", loss: "mae", ...UNWEIGHED }, () => tf.ones([4, 3])],
    [{ task: "regression", loss: "huber", ...UNWEIGHED }, () => tf.ones([4, 3])],
    [{ task: "ordinal", ...UNWEIGHED }, () => tf.tensor1d([0, 1, 2, 0], "int32")],
    [{ task: "ranking", ...UNWEIGHED }, () => tf.tensor1d([0, 0, 0, 0], "int32")],
    [{ task: "tagging" }, () => tf.zeros([4, 10], "int32")],
  ] as const).map(([settings, labels]) =>
    [(bus: EventBus) => new StandardHead({ ...STANDARD, ...settings } as Settings, bus, 4), labels] as const
  ),
  ...(["cls", "attention"] as const).map((pooling) =>
    [
      (bus: EventBus) =>
        new CustomClassificationHead({ ...COMMON, dropout_rate: 0.3, activation: "tanh", pooling }, bus, 4),
      () => tf.tensor1d([0, 1, 2, 0], "int32"),
    ] as const
  ),
];

/** One step of training as the trainer and the head's worker do it together. */
async function trainingStep(
  makeHead: (bus: EventBus) => HeadPort,
  makeLabels: () => tf.Tensor,
): Promise<void> {
  const config = { ...TINY, dropout: 0.1 };
  using encoder = BertEncoder.fromWeights(config, trainedLikeWeights(config, 7), "a seeded model");
  using bus = new EventBus();
  const head = makeHead(bus);
  head.layers.trainingStep = 1;
  const parameters = new Map([...encoder.parameters, ...head.layers.parameters]);
  using optimizer = new AdamW(parameters);
  using tape = new Tape();
  const hidden = selectHidden(head.reads, BATCH, encoder.forward(BATCH, { seed: 1, step: 1, microBatch: 0 }));
  const loss = head.getLossFunction()(await head.forward(hidden), makeLabels());
  const found = tape.gradients(loss, undefined, [...parameters.values()]);
  const gradients = new Map<string, tf.Tensor>();
  [...parameters.keys()].forEach((name, index) => {
    const gradient = found[index];
    if (gradient) gradients.set(name, tf.add(gradient, gradient)); // as micro-batches are
  });
  await squaredNorm(gradients.values());
  optimizer.update(gradients, { learningRate: 0.01, scale: 0.5 });
  head.layers.dispose();
}

async function kernelsOf(run: () => Promise<unknown>): Promise<Set<string>> {
  tf.engine().startScope();
  const { kernelNames } = await tf.profile(async () => {
    await run();
    return tf.scalar(0);
  });
  tf.engine().endScope();
  return new Set(kernelNames);
}

Deno.test("every kernel of tfjs that a training step runs with any head is run by a case of the suite", async () => {
  using backend = await startBackend("cpu");
  const covered = new Set(FROM_NOTHING);
  for (const one of OPERATIONS.flatMap(({ cases }) => cases)) {
    const before = tf.memory().numTensors;
    (await kernelsOf(() => problemsOf(one, backend))).forEach((name) => covered.add(name));
    assertEquals(tf.memory().numTensors, before);
  }

  const used = new Set<string>();
  for (const [makeHead, makeLabels] of HEADS) {
    (await kernelsOf(() => trainingStep(makeHead, makeLabels))).forEach((name) => used.add(name));
  }

  assert(used.size > 20, `only ${[...used]}`);
  assertEquals([...used].filter((name) => !covered.has(name)), []);
});

Deno.test("every operation of our own table has cases, and every operation has a gradient that is not zero", () => {
  const names = [...OPERATIONS.map(({ name }) => name), ...OF_THE_OPTIMIZER];

  assertEquals(Object.keys(composed).filter((name) => !names.includes(name)), []);
  for (const { name, cases } of OPERATIONS) {
    const differentiated = cases.filter(({ isFlat }) => !isFlat);
    const values = differentiated.flatMap((one) =>
      expectedOf(one).gradients.flatMap((gradient) => [...gradient])
    );
    assert(differentiated.length === 0 || values.some((value) => value !== 0), `${name} has gradients of 0`);
  }
});
