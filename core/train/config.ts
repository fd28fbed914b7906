/**
 * The configuration of a training run, `k-bert.yaml`: how it is read, checked and completed.
 *
 * What comes out is complete: nothing downstream knows a default. What each setting means stands at its type,
 * in `training_config.ts`.
 *
 * @module
 */

import { z } from "../deps/zod.ts";
import { parseDocument } from "../manifest/document.ts";
import type { TrainingConfig } from "./training_config.ts";

export type { TrainingConfig } from "./training_config.ts";

/** The value of every setting that may be left out and is not simply absent then. */
export const TRAINING_DEFAULTS = {
  seed: 0,
  model: { size: "tiny", dropout: 0.1, vocabularySize: 8_000 },
  data: {
    maxLength: 128,
    buckets: [32, 64, 96, 128],
    truncation: "head",
    testShare: 0.2,
    validationShare: 0,
    nearCopies: "together" as const,
  },
  training: {
    epochs: 3,
    batchSize: 32,
    evalBatchSize: 64,
    learningRate: 1e-3,
    weightDecay: 0.01,
    warmupShare: 0.1,
    maxGradientNorm: 1,
    accumulationSteps: 1,
    checkpointEverySteps: 100,
    logEverySteps: 1,
    deviceRestarts: 2,
    gradientCheckpointing: false,
    precision: "float32" as const,
    captureSteps: true,
  },
  head: { settings: {}, onPoison: "abort", callTimeoutMs: 30_000 },
  augmenters: [],
  callbacks: [],
  evaluation: { testTimeCopies: 0 },
  backend: "auto",
  output: "runs",
} as const;

/** Of each augmenter and callback, what may be left out. */
export const RUN_PLUGIN_DEFAULTS = {
  augmenter: { onFailure: "identity", callTimeoutMs: 10_000 },
  callback: { onFailure: "skip", callTimeoutMs: 10_000 },
} as const;

/**
 * Reads a configuration and completes it.
 *
 * @param file name of the file, for messages only
 * @throws {KBertError} `document/invalid` with all problems of the file
 * @example
 * ```ts
 * import { parseTrainingConfig } from "./config.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const config = parseTrainingConfig("name: spam\nhead: {plugin: plugins/spam_head}\n", "k-bert.yaml");
 * assertEquals(config.training.learningRate, 1e-3);
 * assertEquals(config.data.buckets, [32, 64, 96, 128]);
 * ```
 */
export function parseTrainingConfig(text: string, file: string): TrainingConfig {
  return parseDocument(text, file, trainingConfigSchema);
}

const defaults = TRAINING_DEFAULTS;
const count = z.int().min(1);
const share = z.number().min(0).max(1);

const model = z.strictObject({
  size: z.enum(["tiny", "mini", "small", "medium", "base"]).default(defaults.model.size),
  layers: count.max(48).optional(),
  hiddenSize: count.max(4_096).optional(),
  heads: count.max(64).optional(),
  intermediateSize: count.max(16_384).optional(),
  dropout: z.number().min(0).lt(1).default(defaults.model.dropout),
  vocabularySize: z.int().min(64).max(250_000).default(defaults.model.vocabularySize),
  from: z.string().min(1).optional(),
}).superRefine(({ hiddenSize, heads }, context) => {
  if (hiddenSize === undefined || heads === undefined || hiddenSize % heads === 0) return;
  context.addIssue({ code: "custom", path: ["hiddenSize"], message: `a multiple of heads, ${heads}` });
});

const data = z.strictObject({
  maxLength: z.int().min(8).max(512).default(defaults.data.maxLength),
  buckets: z.array(z.int().min(8).max(512)).min(1).default([...defaults.data.buckets]),
  truncation: z.enum(["head", "head-tail"]).default(defaults.data.truncation),
  testShare: z.number().gt(0).lt(1).default(defaults.data.testShare),
  validationShare: z.number().min(0).lt(1).default(defaults.data.validationShare),
  nearCopies: z.enum(["together", "apart"]).default(defaults.data.nearCopies),
}).superRefine(({ buckets }, context) => {
  for (const [index, length] of buckets.entries()) {
    const before = buckets[index - 1];
    if (before === undefined || length > before) continue;
    context.addIssue({
      code: "custom",
      path: ["buckets", index],
      message: `more than ${before}, the one before`,
    });
  }
}).transform(({ buckets, maxLength, ...rest }) => ({
  ...rest,
  maxLength,
  // No text is longer, so a longer bucket is only padding, and the model has no positions for it.
  buckets: [...buckets.filter((length) => length < maxLength), maxLength],
}));

const training = z.strictObject({
  epochs: count.max(10_000).default(defaults.training.epochs),
  batchSize: count.max(4_096).default(defaults.training.batchSize),
  evalBatchSize: count.max(4_096).default(defaults.training.evalBatchSize),
  learningRate: z.number().gt(0).max(1).default(defaults.training.learningRate),
  weightDecay: share.default(defaults.training.weightDecay),
  warmupShare: share.default(defaults.training.warmupShare),
  maxGradientNorm: z.number().gt(0).default(defaults.training.maxGradientNorm),
  accumulationSteps: count.max(1_024).default(defaults.training.accumulationSteps),
  checkpointEverySteps: count.default(defaults.training.checkpointEverySteps),
  logEverySteps: count.default(defaults.training.logEverySteps),
  deviceRestarts: z.int().min(0).max(100).default(defaults.training.deviceRestarts),
  gradientCheckpointing: z.boolean().default(defaults.training.gradientCheckpointing),
  precision: z.enum(["float32", "float16"]).default(defaults.training.precision),
  captureSteps: z.boolean().default(defaults.training.captureSteps),
  maxSteps: count.optional(),
  evaluateEverySteps: count.optional(),
});

const head = z.strictObject({
  plugin: z.string().min(1),
  settings: z.record(z.string(), z.unknown()).default({}),
  tier: z.enum(["process", "worker"]).optional(),
  onPoison: z.enum(["abort", "skip"]).default(defaults.head.onPoison),
  callTimeoutMs: count.max(3_600_000).default(defaults.head.callTimeoutMs),
});

const settings = z.record(z.string(), z.unknown()).default({});
const tier = z.enum(["process", "worker"]).optional();

const augmenter = z.strictObject({
  plugin: z.string().min(1),
  settings,
  tier,
  onFailure: z.enum(["identity", "abort"]).default(RUN_PLUGIN_DEFAULTS.augmenter.onFailure),
  callTimeoutMs: count.max(3_600_000).default(RUN_PLUGIN_DEFAULTS.augmenter.callTimeoutMs),
});

const callback = z.strictObject({
  plugin: z.string().min(1),
  settings,
  tier,
  onFailure: z.enum(["skip", "abort"]).default(RUN_PLUGIN_DEFAULTS.callback.onFailure),
  callTimeoutMs: count.max(3_600_000).default(RUN_PLUGIN_DEFAULTS.callback.callTimeoutMs),
});

const evaluation = z.strictObject({
  testTimeCopies: z.int().min(0).max(64).default(defaults.evaluation.testTimeCopies),
});

const wasm = z.strictObject({ threads: count.max(256).optional() });

const native = z.strictObject({
  library: z.string().min(1).optional(),
  threads: count.max(256).optional(),
});

/** The schema of `k-bert.yaml`. */
export const trainingConfigSchema = z.strictObject({
  name: z.string().regex(
    /^[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}$/,
    "1 to 64 letters, digits, blanks and . _ -, with a letter or digit first",
  ),
  seed: z.int().min(0).max(2 ** 32 - 1).default(defaults.seed),
  model: model.prefault({}),
  data: data.prefault({}),
  training: training.prefault({}),
  head,
  augmenters: z.array(augmenter).max(16).default([]),
  callbacks: z.array(callback).max(32).default([]),
  evaluation: evaluation.prefault({}),
  backend: z.enum(["auto", "webgpu", "wasm", "native", "cpu"]).default(defaults.backend),
  wasm: wasm.optional(),
  native: native.optional(),
  output: z.string().min(1).default(defaults.output),
});
