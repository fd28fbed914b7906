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
import { type HostTensor, isHostTensor } from "../wall/tensor.ts";
import type { WireValue } from "../wall/values.ts";
import { guardColumns, type GuardProblem, guardTexts } from "./guards.ts";

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

/** Parameters and moments of a head, for checkpoints. */
export interface HeadStateValue {
  readonly parameters: Readonly<Record<string, HostTensor>>;
  readonly moments: Readonly<Record<string, HostTensor>>;
  readonly updates: number;
}

/** See the SDK's `HeadPort`; called by the trainer, which knows more about shapes and checks them again. */
export interface HeadMethods {
  /** Which hidden states it is to be sent. */
  describe(): { reads: "cls" | "mean" | "all" };
  /** Forward, loss and backward of one micro-batch; gradients add up until `apply`. */
  step(
    hidden: HostTensor,
    labels: HostTensor,
    options: { step: number; weight: number },
  ): { loss: number; logits: HostTensor; hiddenGradient: HostTensor; squaredGradientNorm: number };
  apply(options: { learningRate: number; scale: number; weightDecay: number }): undefined;
  /** Logits without training. */
  predict(hidden: HostTensor): HostTensor;
  state(): HeadStateValue;
  restore(state: HeadStateValue): undefined;
  /** Gives up the gradients that added up since the last `apply`; the parameters stay. */
  forget(): undefined;
}

/** See the SDK's `AugmenterPort`. */
export interface AugmenterMethods {
  /** As many texts as it is given, in the same order. */
  augment(texts: readonly string[]): readonly string[];
}

/** A table by columns of one length. */
export type Columns = Readonly<Record<string, readonly (number | string | boolean | null)[]>>;

/** See the SDK's `FeaturePort`. */
export interface FeatureMethods {
  /** The same table with more columns. */
  extractFeatures(data: Columns): Columns;
}

/** Where a training is, as callbacks see it. */
export interface TrainerState {
  readonly epoch: number;
  readonly step: number;
  readonly maxSteps: number;
  readonly shouldStop: boolean;
}

/** Measurements by name. */
export type Logs = Readonly<Record<string, number>>;

/** What a callback wishes. */
export interface CallbackWishes {
  readonly shouldStop: boolean;
}

/** See the SDK's `CallbackPort`; a plugin has those that it declares. */
export interface CallbackMethods {
  onTrainBegin(state: TrainerState): CallbackWishes;
  onTrainEnd(logs: Logs, state: TrainerState): CallbackWishes;
  onEpochBegin(epoch: number, state: TrainerState): CallbackWishes;
  onEpochEnd(epoch: number, logs: Logs, state: TrainerState): CallbackWishes;
  onBatchBegin(batch: number, state: TrainerState): CallbackWishes;
  onBatchEnd(batch: number, logs: Logs, state: TrainerState): CallbackWishes;
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
const headState = z.strictObject({ parameters: tensors, moments: tensors, updates: count });

const HEAD = {
  describe: { args: z.tuple([]), result: z.object({ reads: z.enum(["cls", "mean", "all"]) }) },
  step: {
    args: z.tuple([tensor, tensor, z.strictObject({ step: count, weight: z.number() })]),
    // Not z.number(): that a loss is NaN is said by who knows the step and what to do about it.
    result: z.object({
      loss: z.custom<number>(isNumber, "a number"),
      logits: tensor,
      hiddenGradient: tensor,
      squaredGradientNorm: z.custom<number>(isNumber, "a number"),
    }),
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
  forget: { args: z.tuple([]), result: nothing },
} satisfies Rules<HeadMethods>;

const texts = z.array(z.string());
const AUGMENTER = {
  augment: {
    args: z.tuple([texts]),
    result: texts,
    guard: (args: readonly unknown[], answer: unknown) =>
      guardTexts(args[0] as readonly string[], answer as readonly string[]),
  },
} satisfies Rules<AugmenterMethods>;

const columns: z.ZodType<Columns> = z.record(
  z.string(),
  z.array(z.union([z.custom<number>(isNumber, "a number"), z.string(), z.boolean(), z.null()])),
).refine(
  (table) => new Set(Object.values(table).map(({ length }) => length)).size <= 1,
  "columns of one length",
);
const FEATURE = {
  extractFeatures: {
    args: z.tuple([columns]),
    result: columns,
    guard: (args: readonly unknown[], answer: unknown) => guardColumns(args[0] as Columns, answer as Columns),
  },
} satisfies Rules<FeatureMethods>;

const logs = z.record(z.string(), z.custom<number>(isNumber, "a number"));
const state = z.strictObject({ epoch: count, step: count, maxSteps: count, shouldStop: z.boolean() });
const wishes = z.strictObject({ shouldStop: z.boolean() });
const CALLBACK = {
  onTrainBegin: { args: z.tuple([state]), result: wishes },
  onTrainEnd: { args: z.tuple([logs, state]), result: wishes },
  onEpochBegin: { args: z.tuple([count, state]), result: wishes },
  onEpochEnd: { args: z.tuple([count, logs, state]), result: wishes },
  onBatchBegin: { args: z.tuple([count, state]), result: wishes },
  onBatchEnd: { args: z.tuple([count, logs, state]), result: wishes },
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
