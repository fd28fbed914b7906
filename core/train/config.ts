/**
 * The configuration of a training run, `k-bert.yaml`: every setting with its meaning, unit and default.
 *
 * What comes out is complete: nothing downstream knows a default. Only the settings of the head are left
 * as they are, because their schema is in the head's own manifest.
 *
 * @module
 */

import { z } from "../deps/zod.ts";
import { parseDocument } from "../manifest/document.ts";

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
  /** A named architecture; the other settings override it. @default {"tiny"} */
  size: z.enum(["tiny", "mini", "small", "medium", "base"]).default(defaults.model.size),
  /** Encoder layers. */
  layers: count.max(48).optional(),
  /** Width of the hidden states; a multiple of `heads`. */
  hiddenSize: count.max(4_096).optional(),
  /** Attention heads of each layer. */
  heads: count.max(64).optional(),
  /** Width of the feed-forward layers. */
  intermediateSize: count.max(16_384).optional(),
  /** Share of activations that training drops. @default {0.1} */
  dropout: z.number().min(0).lt(1).default(defaults.model.dropout),
  /** Tokens of a vocabulary that is learned from the data. @default {8_000} */
  vocabularySize: z.int().min(64).max(250_000).default(defaults.model.vocabularySize),
  /** Folder of a checkpoint in Hugging Face's layout to start from; random weights if left out. */
  from: z.string().min(1).optional(),
}).superRefine(({ hiddenSize, heads }, context) => {
  if (hiddenSize === undefined || heads === undefined || hiddenSize % heads === 0) return;
  context.addIssue({ code: "custom", path: ["hiddenSize"], message: `a multiple of heads, ${heads}` });
});

const data = z.strictObject({
  /** Longest text, in tokens with [CLS] and [SEP]; the rest is cut. @default {128} */
  maxLength: z.int().min(8).max(512).default(defaults.data.maxLength),
  /**
   * Lengths, in tokens and ascending, that batches are padded to: one compiled graph for each. The last
   * one always becomes `maxLength`. @default {[32, 64, 96, 128]}
   */
  buckets: z.array(z.int().min(8).max(512)).min(1).default([...defaults.data.buckets]),
  /** What stays of a text that is too long: its head, or its head and its tail. @default {"head"} */
  truncation: z.enum(["head", "head-tail"]).default(defaults.data.truncation),
  /** Share of the examples that is only tested on. @default {0.2} */
  testShare: z.number().gt(0).lt(1).default(defaults.data.testShare),
  /**
   * Share of the training examples that is not trained on but evaluated after each epoch: for callbacks, and to see
   * where a run begins to overfit. @default {0}
   */
  validationShare: z.number().min(0).lt(1).default(defaults.data.validationShare),
  /**
   * Whether near-copies of a text stay on one side of a split. Rows that a template wrote are all near-copies of each
   * other: those go `apart`. @default {"together"}
   */
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
  /** Passes over the training examples. @default {3} */
  epochs: count.max(10_000).default(defaults.training.epochs),
  /** Examples per step of the device. @default {32} */
  batchSize: count.max(4_096).default(defaults.training.batchSize),
  /** Examples per batch of an evaluation. @default {64} */
  evalBatchSize: count.max(4_096).default(defaults.training.evalBatchSize),
  /** Highest learning rate, reached after the warm-up. @default {1e-3} */
  learningRate: z.number().gt(0).max(1).default(defaults.training.learningRate),
  /** Decoupled weight decay per step, times the learning rate. @default {0.01} */
  weightDecay: share.default(defaults.training.weightDecay),
  /** Share of all steps in which the learning rate rises. @default {0.1} */
  warmupShare: share.default(defaults.training.warmupShare),
  /** Longer gradients are scaled down to this norm. @default {1} */
  maxGradientNorm: z.number().gt(0).default(defaults.training.maxGradientNorm),
  /** Batches whose gradients are added up for one update. @default {1} */
  accumulationSteps: count.max(1_024).default(defaults.training.accumulationSteps),
  /** Updates between two checkpoints. @default {100} */
  checkpointEverySteps: count.default(defaults.training.checkpointEverySteps),
  /** Updates between two lines of the log. @default {1} */
  logEverySteps: count.default(defaults.training.logEverySteps),
  /** Updates after which the run ends, whatever `epochs` says. */
  maxSteps: count.optional(),
  /** Updates between two evaluations on the validation examples, beside those after each epoch. */
  evaluateEverySteps: count.optional(),
});

const head = z.strictObject({
  /** Folder of the plugin with the head. */
  plugin: z.string().min(1),
  /** Settings of the plugin, checked against its manifest. @default {{}} */
  settings: z.record(z.string(), z.unknown()).default({}),
  /**
   * Where the plugin runs: `process`, or `worker` for one that you trust.
   * @default {process, but worker for heads that come with k-bert}
   */
  tier: z.enum(["process", "worker"]).optional(),
  /** What a poisoned answer of the head, or a call that fails, does: ends the run, or skips its batch. @default {"abort"} */
  onPoison: z.enum(["abort", "skip"]).default(defaults.head.onPoison),
  /** Longest call of the plugin, in milliseconds. @default {30_000} */
  callTimeoutMs: count.max(3_600_000).default(defaults.head.callTimeoutMs),
});

const settings = z.record(z.string(), z.unknown()).default({});
const tier = z.enum(["process", "worker"]).optional();

const augmenter = z.strictObject({
  /** Folder of the plugin with the augmenter. */
  plugin: z.string().min(1),
  /** Settings of the plugin, checked against its manifest. @default {{}} */
  settings,
  /** Where it runs, as for the head. */
  tier,
  /** When it fails with a batch: the texts stay as they are, or the run ends. @default {"identity"} */
  onFailure: z.enum(["identity", "abort"]).default(RUN_PLUGIN_DEFAULTS.augmenter.onFailure),
  /** Longest call, in milliseconds. @default {10_000} */
  callTimeoutMs: count.max(3_600_000).default(RUN_PLUGIN_DEFAULTS.augmenter.callTimeoutMs),
});

const callback = z.strictObject({
  /** Folder of the plugin with the callback. */
  plugin: z.string().min(1),
  /** Settings of the plugin, checked against its manifest. @default {{}} */
  settings,
  /** Where it runs, as for the head. */
  tier,
  /** When it fails: the run goes on, or ends. @default {"skip"} */
  onFailure: z.enum(["skip", "abort"]).default(RUN_PLUGIN_DEFAULTS.callback.onFailure),
  /** Longest call, in milliseconds. @default {10_000} */
  callTimeoutMs: count.max(3_600_000).default(RUN_PLUGIN_DEFAULTS.callback.callTimeoutMs),
});

const evaluation = z.strictObject({
  /** Augmented copies of each test text; their predictions are averaged with that of the text. @default {0} */
  testTimeCopies: z.int().min(0).max(64).default(defaults.evaluation.testTimeCopies),
});

/** The schema of `k-bert.yaml`. */
export const trainingConfigSchema = z.strictObject({
  /** What the run is called; part of the name of its folder. */
  name: z.string().regex(
    /^[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}$/,
    "1 to 64 letters, digits, blanks and . _ -, with a letter or digit first",
  ),
  /** Seed of everything random: split, weights, order, dropout. @default {0} */
  seed: z.int().min(0).max(2 ** 32 - 1).default(defaults.seed),
  /** The encoder. */
  model: model.prefault({}),
  /** How texts become batches. */
  data: data.prefault({}),
  /** How the weights are learned. */
  training: training.prefault({}),
  /** The plugin on top of the encoder. */
  head,
  /** Plugins that change training texts, one after the other. @default {[]} */
  augmenters: z.array(augmenter).max(16).default([]),
  /** Plugins that hear how the training goes and say what they wish. @default {[]} */
  callbacks: z.array(callback).max(32).default([]),
  /** How the finished model is tested. */
  evaluation: evaluation.prefault({}),
  /** Where tensors are computed; `auto` takes the fastest there is. @default {"auto"} */
  backend: z.enum(["auto", "webgpu", "wasm", "cpu"]).default(defaults.backend),
  /** Folder that gets a folder for each run. @default {"runs"} */
  output: z.string().min(1).default(defaults.output),
});

/** A complete configuration. */
export type TrainingConfig = z.output<typeof trainingConfigSchema>;
