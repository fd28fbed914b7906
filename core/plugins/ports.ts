/**
 * The ports: what the host may ask of each kind of plugin, with which arguments, and what an answer has to
 * look like. The whole of what a caller and a plugin can say to each other is on this page.
 *
 * Every method is one row with two schemas. Arguments are checked before anything is sent, so a caller's
 * mistake is the caller's error; answers are checked before anybody sees them, because a plugin wrote them.
 *
 * @module
 */
import { z } from "../deps/zod.ts";
import type { PortName } from "../manifest/families.ts";
import type { CallbackWishes, Logs, Moment, TrainerState } from "../manifest/moments.ts";
import { type Task, TASKS } from "../manifest/task.ts";
import { fromWire, type WireTable } from "../table/wire.ts";
import { type HostTensor, isHostTensor } from "../wall/tensor.ts";
import { messageOf } from "../wall/errors.ts";
import type { WireValue } from "../wall/values.ts";
import { type GuardProblem, guardTexts } from "./guards.ts";
import { guardTable } from "./table_guard.ts";

export type { CallbackWishes, Logs, Moment, TrainerState };

/** What becomes of the result of a plugin that fails in `callAll`. */
export type FailurePolicy =
  /** The call of all ends with its error. */
  | "abort"
  /** There is no result of this plugin. */
  | "skip"
  /** Its first argument stands for its result: a text that could not be augmented stays as it is. */
  | "identity"
  /** Its last good result under this policy stands in; before there is one, the call of all ends. */
  | "last-good";

/** Losses of steps, added up where the head is: of each step the mean loss of its batch. */
export interface LossSum {
  readonly sum: number;
  readonly steps: number;
}

/** Parameters and moments of a head, for checkpoints. */
export interface HeadStateValue {
  readonly parameters: Readonly<Record<string, HostTensor>>;
  readonly moments: Readonly<Record<string, HostTensor>>;
  readonly updates: number;
  /** Of the quiet steps since the last one that told its loss; absent if there are none. */
  readonly losses?: LossSum;
}

/** What a head answers about every micro-batch that it is trained on. */
export interface HeadGradients {
  /** Of the weighted loss with respect to the hidden states. */
  readonly hiddenGradient: HostTensor;
  /** Of all parameters, over what has added up since the last `apply`. */
  readonly squaredGradientNorm: number;
}

/** See the SDK's `HeadPort`; called by the trainer, which knows more about shapes and checks them again. */
export interface HeadMethods {
  /** Which hidden states it is to be sent, and what it learns. */
  describe(): { reads: "cls" | "mean" | "all"; task: Task };
  /** Forward, loss and backward of one micro-batch; gradients add up until `apply`. */
  step(
    hidden: HostTensor,
    labels: HostTensor,
    options: { step: number; weight: number },
  ): HeadGradients & {
    loss: number;
    logits: HostTensor;
    metrics: Readonly<Record<string, number>>;
    /** Of the quiet steps before, as they were applied; absent if there were none. `apply` forgets them. */
    earlier?: LossSum;
  };
  /** As `step`, of which only the gradients are read. The loss adds up, and the next `step` tells it. */
  quietStep(
    hidden: HostTensor,
    labels: HostTensor,
    options: { step: number; weight: number },
  ): HeadGradients;
  /** Loss and logits without training. */
  evaluate(
    hidden: HostTensor,
    labels: HostTensor,
  ): { loss: number; logits: HostTensor; metrics: Readonly<Record<string, number>> };
  apply(options: { learningRate: number; scale: number; weightDecay: number }): undefined;
  /** Logits without training. */
  predict(hidden: HostTensor): HostTensor;
  state(): HeadStateValue;
  restore(state: HeadStateValue): undefined;
  /**
   * Gives up the gradients that added up since the last `apply`; the parameters stay. With `losses`, also the losses
   * of quiet steps before.
   */
  forget(options?: { losses: boolean }): undefined;
}

/** What an augmenter is told about a batch. */
export interface AugmentOptions {
  /** One for each text: the same text with the same seed becomes the same. Without, the plugin's own decides. */
  readonly seeds?: readonly number[];
}

/** See the SDK's `AugmenterPort`. */
export interface AugmenterMethods {
  /** As many texts as it is given, in the same order. */
  augment(texts: readonly string[], options?: AugmentOptions): readonly string[];
}

/** See the SDK's `FeaturePort`. */
export interface FeatureMethods {
  /** The same table with more columns. Tables as they cross the wall: see core/table/wire.ts. */
  extractFeatures(data: WireTable): WireTable;
}

/** See the SDK's `CallbackPort`; of the moments, a plugin has those that it declares. */
export interface CallbackMethods {
  onTrainBegin(state: TrainerState): CallbackWishes;
  onTrainEnd(logs: Logs, state: TrainerState): CallbackWishes;
  onEpochBegin(epoch: number, state: TrainerState): CallbackWishes;
  onEpochEnd(epoch: number, logs: Logs, state: TrainerState): CallbackWishes;
  onBatchBegin(batch: number, state: TrainerState): CallbackWishes;
  onBatchEnd(batch: number, logs: Logs, state: TrainerState): CallbackWishes;
  onEvaluate(logs: Logs, state: TrainerState): CallbackWishes;
  onCheckpoint(path: string, state: TrainerState): CallbackWishes;
  /** Several moments in one message, in their order; the answer has the wishes of all of them. */
  notify(moments: readonly Moment[], state: TrainerState): CallbackWishes;
  /** What it remembers, as JSON, for a checkpoint; null for nothing. */
  captureState(): WireValue;
  /** Goes on from what it remembered. */
  restoreState(state: WireValue): undefined;
}

/** The methods of each port. A generic plugin has whatever its class declares. */
export interface PortMethods {
  readonly head: HeadMethods;
  readonly augmenter: AugmenterMethods;
  readonly feature: FeatureMethods;
  readonly callback: CallbackMethods;
  readonly plugin: Record<string, (...args: WireValue[]) => WireValue>;
}

/** What can be said about a method. */
export interface MethodRule {
  readonly args: z.ZodType<readonly unknown[]>;
  readonly result: z.ZodType;
  /** What an answer of the right form has to be besides, compared with the arguments of its call. */
  readonly guard?: (args: readonly unknown[], answer: unknown) => GuardProblem | undefined;
}

/** What holds for a port as a whole. */
export interface PortRules {
  /** By name; a port without has whatever methods its plugin declares. */
  readonly methods?: Readonly<Record<string, MethodRule>>;
  /** In `callAll`, unless the caller says otherwise. */
  readonly onFailure: FailurePolicy;
  /**
   * Whether a plugin of this port may be started anew after a crash without being asked for: only where
   * nothing is lost with its memory. A head that began again with fresh weights would train nonsense.
   */
  readonly restarts: boolean;
}

/** One row for each method of an interface: one that is missing, or of another type, does not compile. */
type Rules<Methods> = {
  readonly [Name in keyof Methods]: Methods[Name] extends (...args: infer Args) => infer Result ? {
      readonly args: z.ZodType<Args>;
      readonly result: z.ZodType<Result>;
      readonly guard?: MethodRule["guard"];
    }
    : never;
};

const tensor = z.custom<HostTensor>(isHostTensor, "a tensor");
const tensors = z.record(z.string(), tensor);
const count = z.int().min(0);
const nothing = z.undefined();
// Not z.number(): that a loss is NaN is said by who knows the step and what to do about it.
const number = z.custom<number>(isNumber, "a number");
const losses = z.strictObject({ sum: number, steps: count });
const headState = z.strictObject({
  parameters: tensors,
  moments: tensors,
  updates: count,
  losses: losses.exactOptional(),
});
const MOST_METRICS = 32;
const metrics = z.record(z.string().max(64), number)
  .refine((figures) => Object.keys(figures).length <= MOST_METRICS, `at most ${MOST_METRICS} metrics`);

const ofStep = z.tuple([tensor, tensor, z.strictObject({ step: count, weight: z.number() })]);
const gradients = { hiddenGradient: tensor, squaredGradientNorm: number };
const HEAD = {
  describe: {
    args: z.tuple([]),
    result: z.object({ reads: z.enum(["cls", "mean", "all"]), task: z.enum(TASKS) }),
  },
  step: {
    args: ofStep,
    result: z.object({
      ...gradients,
      loss: number,
      logits: tensor,
      metrics,
      earlier: losses.exactOptional(),
    }),
  },
  quietStep: { args: ofStep, result: z.object(gradients) },
  evaluate: {
    args: z.tuple([tensor, tensor]),
    result: z.object({ loss: number, logits: tensor, metrics }),
  },
  apply: {
    args: z.tuple([
      z.strictObject({ learningRate: z.number(), scale: z.number(), weightDecay: z.number() }),
    ]),
    result: nothing,
  },
  predict: { args: z.tuple([tensor]), result: tensor },
  state: { args: z.tuple([]), result: headState },
  restore: { args: z.tuple([headState]), result: nothing },
  forget: { args: z.tuple([z.strictObject({ losses: z.boolean() }).optional()]), result: nothing },
} satisfies Rules<HeadMethods>;

const texts = z.array(z.string());
const augmentOptions = z.strictObject({ seeds: z.array(z.int().min(0).max(2 ** 32 - 1)).exactOptional() });
const AUGMENTER = {
  augment: {
    args: z.tuple([texts, augmentOptions.optional()]),
    result: texts,
    guard: (args: readonly unknown[], answer: unknown) =>
      guardTexts(args[0] as readonly string[], answer as readonly string[]),
  },
} satisfies Rules<AugmenterMethods>;

const table = z.custom<WireTable>().superRefine((value, context) => {
  try {
    fromWire(value);
  } catch (error) {
    context.addIssue({ code: "custom", message: `a table, but ${messageOf(error)}` });
  }
});
const FEATURE = {
  extractFeatures: {
    args: z.tuple([table]),
    result: table,
    guard: (args: readonly unknown[], answer: unknown) =>
      guardTable(args[0] as WireTable, answer as WireTable),
  },
} satisfies Rules<FeatureMethods>;

const logs = z.record(z.string(), number);
const state = z.strictObject({
  epoch: count,
  step: count,
  maxSteps: count,
  shouldStop: z.boolean(),
  epochs: count.exactOptional(),
  stepsPerEpoch: count.exactOptional(),
  learningRate: number.exactOptional(),
});
const save = z.enum(["checkpoint", "best"]);
const wishes = z.strictObject({
  shouldStop: z.boolean().exactOptional(),
  reason: z.string().max(1_000).exactOptional(),
  learningRate: z.number().gt(0).max(1).exactOptional(),
  save: z.union([save, z.array(save).max(2)]).exactOptional(),
  restoreBest: z.boolean().exactOptional(),
  log: metrics.exactOptional(),
});
const path = z.string();
const moment = z.union([
  z.tuple([z.literal("onTrainBegin")]),
  z.tuple([z.literal("onTrainEnd"), logs]),
  z.tuple([z.literal("onEpochBegin"), count]),
  z.tuple([z.literal("onEpochEnd"), count, logs]),
  z.tuple([z.literal("onBatchBegin"), count]),
  z.tuple([z.literal("onBatchEnd"), count, logs]),
  z.tuple([z.literal("onEvaluate"), logs]),
  z.tuple([z.literal("onCheckpoint"), path]),
]);
/** Anything that can cross; what it is, only its plugin knows. */
const anything = z.custom<WireValue>(() => true);
const CALLBACK = {
  onTrainBegin: { args: z.tuple([state]), result: wishes },
  onTrainEnd: { args: z.tuple([logs, state]), result: wishes },
  onEpochBegin: { args: z.tuple([count, state]), result: wishes },
  onEpochEnd: { args: z.tuple([count, logs, state]), result: wishes },
  onBatchBegin: { args: z.tuple([count, state]), result: wishes },
  onBatchEnd: { args: z.tuple([count, logs, state]), result: wishes },
  onEvaluate: { args: z.tuple([logs, state]), result: wishes },
  onCheckpoint: { args: z.tuple([path, state]), result: wishes },
  notify: { args: z.tuple([z.array(moment), state]), result: wishes },
  captureState: { args: z.tuple([]), result: anything },
  restoreState: { args: z.tuple([anything]), result: nothing },
} satisfies Rules<CallbackMethods>;

/** The ports by name. */
export const PORTS: Readonly<Record<PortName, PortRules>> = {
  head: { methods: HEAD, onFailure: "abort", restarts: false },
  augmenter: { methods: AUGMENTER, onFailure: "identity", restarts: true },
  feature: { methods: FEATURE, onFailure: "abort", restarts: true },
  callback: { methods: CALLBACK, onFailure: "skip", restarts: false },
  plugin: { onFailure: "abort", restarts: false },
};

/** NaN and infinity included: they are numbers, and who computes with them has to see them. */
function isNumber(value: unknown): value is number {
  return typeof value === "number";
}
