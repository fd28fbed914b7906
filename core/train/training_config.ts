/**
 * What a `k-bert.yaml` says once it has been read: every setting with its meaning, unit and default.
 *
 * Written out, where TypeScript could work it out of the schema, for the same reasons as the manifest of a
 * plugin; a test holds these types to the schema in `config.ts`. The settings of plugins are left as they
 * are, because their schema is in the plugins' own manifests.
 *
 * @module
 */

/** A complete configuration. */
export interface TrainingConfig {
  /** What the run is called; part of the name of its folder. */
  readonly name: string;
  /** Seed of everything random: split, weights, order, dropout. @default {0} */
  readonly seed: number;
  /** The encoder. */
  readonly model: ModelSettings;
  /** How texts become batches. */
  readonly data: DataSettings;
  /** How the weights are learned. */
  readonly training: TrainingSettings;
  /** The plugin on top of the encoder. */
  readonly head: HeadSettings;
  /** Plugins that change training texts, one after the other. @default {[]} */
  readonly augmenters: readonly AugmenterSettings[];
  /** Plugins that hear how the training goes and say what they wish. @default {[]} */
  readonly callbacks: readonly CallbackSettings[];
  /** How the finished model is tested. */
  readonly evaluation: EvaluationSettings;
  /** Where tensors are computed; `auto` takes the fastest there is. @default {"auto"} */
  readonly backend: "auto" | "webgpu" | "wasm" | "native" | "cpu";
  /** Of `backend: wasm`, and of what `native` computes on it; other backends do not look at it. */
  readonly wasm?: WasmBackendSettings | undefined;
  /** Of `backend: native`, which `auto` never takes; other backends do not look at it. */
  readonly native?: NativeBackendSettings | undefined;
  /** Folder that gets a folder for each run. @default {"runs"} */
  readonly output: string;
}

/** Of the backend `wasm`, and of all but the matrix products of `native`. */
export interface WasmBackendSettings {
  /** Threads of each kernel. Results are the same to the bit for any number. @default {one per core, at most 8} */
  readonly threads?: number | undefined;
}

/**
 * Of the backend `native`: wasm with its matrix products done by the BLAS library of the machine (OpenBLAS,
 * Accelerate). Its path has to be in `--allow-ffi`; what runs there has all the rights of the process.
 */
export interface NativeBackendSettings {
  /**
   * Path of the library, absolute.
   * @default {the usual place on this system, as far as `--allow-ffi` names it}
   */
  readonly library?: string | undefined;
  /** Threads of one product; OpenBLAS only. @default {as many as the library takes, usually one per core} */
  readonly threads?: number | undefined;
}

/** The encoder. */
export interface ModelSettings {
  /** A named architecture; the other settings override it. @default {"tiny"} */
  readonly size: "tiny" | "mini" | "small" | "medium" | "base";
  /** Encoder layers. */
  readonly layers?: number | undefined;
  /** Width of the hidden states; a multiple of `heads`. */
  readonly hiddenSize?: number | undefined;
  /** Attention heads of each layer. */
  readonly heads?: number | undefined;
  /** Width of the feed-forward layers. */
  readonly intermediateSize?: number | undefined;
  /** Share of activations that training drops. @default {0.1} */
  readonly dropout: number;
  /** Tokens of a vocabulary that is learned from the data. @default {8_000} */
  readonly vocabularySize: number;
  /** Folder of a checkpoint in Hugging Face's layout to start from; random weights if left out. */
  readonly from?: string | undefined;
}

/** How texts become batches. */
export interface DataSettings {
  /** Longest text, in tokens with [CLS] and [SEP]; the rest is cut. @default {128} */
  readonly maxLength: number;
  /**
   * Lengths, in tokens and ascending, that batches are padded to: one compiled graph for each. The last
   * one always becomes `maxLength`. @default {[32, 64, 96, 128]}
   */
  readonly buckets: readonly number[];
  /** What stays of a text that is too long: its head, or its head and its tail. @default {"head"} */
  readonly truncation: "head" | "head-tail";
  /** Share of the examples that is only tested on. @default {0.2} */
  readonly testShare: number;
  /**
   * Share of the training examples that is not trained on but evaluated after each epoch: for callbacks, and
   * to see where a run begins to overfit. @default {0}
   */
  readonly validationShare: number;
  /**
   * Whether near-copies of a text stay on one side of a split. Rows that a template wrote are all near-copies
   * of each other: those go `apart`. @default {"together"}
   */
  readonly nearCopies: "together" | "apart";
}

/** How the weights are learned. */
export interface TrainingSettings {
  /** Passes over the training examples. @default {3} */
  readonly epochs: number;
  /** Examples per step of the device. @default {32} */
  readonly batchSize: number;
  /** Examples per batch of an evaluation. @default {64} */
  readonly evalBatchSize: number;
  /** Highest learning rate, reached after the warm-up. @default {1e-3} */
  readonly learningRate: number;
  /** Decoupled weight decay per step, times the learning rate. @default {0.01} */
  readonly weightDecay: number;
  /** Share of all steps in which the learning rate rises. @default {0.1} */
  readonly warmupShare: number;
  /** Longer gradients are scaled down to this norm. @default {1} */
  readonly maxGradientNorm: number;
  /** Batches whose gradients are added up for one update. @default {1} */
  readonly accumulationSteps: number;
  /** Updates between two checkpoints. @default {100} */
  readonly checkpointEverySteps: number;
  /**
   * Updates between two reports: lines of the log with loss, accuracy and the head's own figures. Only then are these
   * read, which a graphics card need not wait for in between; the loss is the mean since the report before. There is
   * a report at the end of each epoch and at each evaluation, too. @default {1}
   */
  readonly logEverySteps: number;
  /** How often a run goes on from its last checkpoint after its device failed; then it ends. @default {2} */
  readonly deviceRestarts: number;
  /**
   * Whether each layer keeps only its input and is computed once more for its gradient: a third of the memory
   * for a third more time, and the same numbers. @default {false}
   */
  readonly gradientCheckpointing: boolean;
  /**
   * How the numbers between the layers are stored in training. `float16` takes half the memory, on the backend
   * `webgpu` with an adapter that has `shader-f16`, and rounds them to 11 bits; it is an error elsewhere.
   * Parameters, their gradients, evaluation and the saved model are float32. @default {"float32"}
   */
  readonly precision: "float32" | "float16";
  /**
   * Whether a GPU is told once for each shape of batch what a step is, and then only to repeat it (see
   * core/tensor/capture.ts): less time of the CPU, the same numbers, and the memory of the largest step twice or
   * three times. Backends other than webgpu compute as before. @default {true}
   */
  readonly captureSteps: boolean;
  /** Updates after which the run ends, whatever `epochs` says. */
  readonly maxSteps?: number | undefined;
  /** Updates between two evaluations on the validation examples, beside those after each epoch. */
  readonly evaluateEverySteps?: number | undefined;
}

/** What every plugin of a run has. */
export interface RunPluginSettings {
  /** Folder of the plugin. */
  readonly plugin: string;
  /** Settings of the plugin, checked against its manifest. @default {{}} */
  readonly settings: Readonly<Record<string, unknown>>;
  /**
   * Where the plugin runs: `process`, or `worker` for one that you trust.
   * @default {process, but worker for plugins that come with k-bert}
   */
  readonly tier?: "process" | "worker" | undefined;
  /** Longest call of the plugin, in milliseconds. @default {10_000, but 30_000 for the head} */
  readonly callTimeoutMs: number;
}

/** The plugin on top of the encoder. */
export interface HeadSettings extends RunPluginSettings {
  /**
   * What a poisoned answer of the head, or a call that fails, does: ends the run, or skips its batch.
   * @default {"abort"}
   */
  readonly onPoison: "abort" | "skip";
}

/** A plugin that changes training texts. */
export interface AugmenterSettings extends RunPluginSettings {
  /** When it fails with a batch: the texts stay as they are, or the run ends. @default {"identity"} */
  readonly onFailure: "identity" | "abort";
}

/** A plugin that hears how the training goes and says what it wishes. */
export interface CallbackSettings extends RunPluginSettings {
  /** When it fails: the run goes on, or ends. @default {"skip"} */
  readonly onFailure: "skip" | "abort";
}

/** How the finished model is tested. */
export interface EvaluationSettings {
  /**
   * Augmented copies of each test text; their predictions are averaged with that of the text.
   * @default {0}
   */
  readonly testTimeCopies: number;
}
