/**
 * The trainer's half of a head: what is sent to it, and a check of everything that comes back.
 *
 * A head is somebody else's code. Shapes, types and finiteness of its answers are checked before a number
 * of them is used, and so is the size of the gradient that goes into the encoder (norm_guard.ts); the accuracy is
 * counted here, from the logits, and not taken from the head. What is refused is marked as poisoned, see
 * core/wall/poison.ts.
 *
 * @module
 */
import { logitsShape, type Task, TASKS } from "../manifest/task.ts";
import { KBertError } from "../wall/errors.ts";
import { poisoned } from "../wall/poison.ts";
import { type HostTensor, isHostTensor } from "../wall/tensor.ts";
import type { WireValue } from "../wall/values.ts";
import { type LossSum, lossSum, record, sumOfSquares, tensors, wrong } from "./head_answers.ts";
import { NORM_CAP, NormGuard } from "./norm_guard.ts";

export type { LossSum };

/** Which hidden states a head reads; see the SDK's `HiddenStates`. */
export type HiddenStates = "cls" | "mean" | "all";

/** A loaded plugin, as far as a head's client needs to know it. */
export interface HeadChannel {
  readonly name: string;
  call(method: string, args: readonly WireValue[]): Promise<WireValue>;
}

/** Answer to one micro-batch. */
export interface HeadStep {
  /** Gradient of the weighted loss with respect to what was sent; same shape. */
  readonly hiddenGradient: HostTensor;
  /** Of the gradients of the head's parameters, added up since the last update. */
  readonly squaredGradientNorm: number;
  /** Absent if they were not asked for. */
  readonly figures?: HeadFigures;
}

/** What a head tells of a batch that it is trained on. */
export interface HeadFigures extends HeadEvaluation {
  /** Of the quiet steps since the last one that told its loss; finite. */
  readonly earlier: LossSum;
}

/** Answer to a batch that is not trained on. */
export interface HeadEvaluation {
  /** Mean loss over the micro-batch; finite, but in an evaluation. */
  readonly loss: number;
  /** Of the shape that the head's task has. */
  readonly logits: HostTensor;
  /** Figures of the head's own, finite. */
  readonly metrics: Readonly<Record<string, number>>;
}

/** What a checkpoint keeps of a head. */
export interface HeadState {
  readonly parameters: ReadonlyMap<string, HostTensor>;
  readonly moments: ReadonlyMap<string, HostTensor>;
  readonly updates: number;
  /** Of quiet steps whose losses are still to be told; the sum may be NaN. Absent if there are none. */
  readonly losses?: LossSum | undefined;
}

const NONE: LossSum = { sum: 0, steps: 0 };

/** A head behind the wall. */
export class HeadClient {
  readonly #plugin: HeadChannel;
  readonly #labels: number;
  /** Which hidden states it is sent. */
  readonly reads: HiddenStates;
  /** What it learns. */
  readonly task: Task;
  /** Knows the gradients of the last steps; a checkpoint keeps it. */
  readonly norms = new NormGuard();
  /** What it has added up of losses is not finite, and would stay so whatever is added. */
  #lossesAreSpoiled = false;

  private constructor(plugin: HeadChannel, labels: number, reads: HiddenStates, task: Task) {
    this.#plugin = plugin;
    this.#labels = labels;
    this.reads = reads;
    this.task = task;
  }

  /** Asks a loaded plugin what it reads and learns. @param labels number of labels of the run */
  static async connect(plugin: HeadChannel, labels: number): Promise<HeadClient> {
    const { reads, task } = record(await plugin.call("describe", []), plugin.name, "describe");
    if (reads !== "cls" && reads !== "mean" && reads !== "all") {
      throw wrong(plugin.name, "describe", `it reads ${JSON.stringify(reads)}, expected cls, mean or all`);
    }
    const known = TASKS.find((one) => one === task);
    if (known === undefined) {
      const answer = `it learns ${JSON.stringify(task)}, expected one of ${TASKS.join(", ")}`;
      throw wrong(plugin.name, "describe", answer);
    }
    if (known === "tagging" && reads !== "all") {
      throw wrong(plugin.name, "describe", `it tags words and reads ${reads}, expected all`);
    }
    return new HeadClient(plugin, labels, reads, known);
  }

  /** Name of the plugin, for errors and reports. */
  get name(): string {
    return this.#plugin.name;
  }

  /**
   * Forward, loss and backward for one micro-batch. `hidden` is moved.
   *
   * @param labels targets of the shape that the task has, see core/manifest/task.ts
   * @param length tokens of each text, padding included
   * @param step number of the training step, which seeds the head's dropout
   * @param weight share of this micro-batch in the batch
   * @throws {KBertError} `plugin/answer` if an answer has a wrong shape or type or a norm that cannot be right,
   * `train/not-finite` for NaN and infinity, also if it was a loss of the quiet steps before.
   */
  async step(
    hidden: HostTensor,
    labels: HostTensor,
    step: number,
    weight: number,
    length = 0,
  ): Promise<HeadStep & { readonly figures: HeadFigures }> {
    const shape = hidden.shape;
    const answer = record(
      await this.#plugin.call("step", [hidden, labels, { step, weight }]),
      this.name,
      "step",
    );
    const { loss } = answer;
    if (typeof loss !== "number") throw wrong(this.name, "step", "the loss is not a number");
    this.#requireFinite(step, "loss", loss);
    const earlier = this.#earlier(answer["earlier"], step);
    const logits = this.#logits(answer["logits"], shape[0]!, length);
    this.#requireFinite(step, "sum of the squared logits", sumOfSquares(logits));
    const metrics = this.#metrics(answer["metrics"], step);
    return { ...this.#gradients(answer, shape, step, weight), figures: { loss, logits, metrics, earlier } };
  }

  /**
   * As {@linkcode HeadClient.step}, but only the gradients are read, so that a head on a graphics card has less to
   * wait for. The loss adds up there, and the next step that is not quiet tells it.
   */
  async quietStep(
    hidden: HostTensor,
    labels: HostTensor,
    step: number,
    weight: number,
  ): Promise<HeadStep> {
    const shape = hidden.shape;
    const answer = await this.#plugin.call("quietStep", [hidden, labels, { step, weight }]);
    return this.#gradients(record(answer, this.name, "quietStep"), shape, step, weight);
  }

  /**
   * Loss and logits without training. `hidden` is moved. A loss that is NaN or infinite is answered as it is: nothing
   * is learned from it.
   *
   * @throws {KBertError} as {@linkcode HeadClient.step} does for logits and metrics
   */
  async evaluate(hidden: HostTensor, labels: HostTensor, length = 0): Promise<HeadEvaluation> {
    const rows = hidden.shape[0]!;
    const answer = record(await this.#plugin.call("evaluate", [hidden, labels]), this.name, "evaluate");
    const { loss } = answer;
    if (typeof loss !== "number") throw wrong(this.name, "evaluate", "the loss is not a number");
    const logits = this.#logits(answer["logits"], rows, length);
    this.#requireFinite(0, "sum of the squared logits", sumOfSquares(logits));
    return { loss, logits, metrics: this.#metrics(answer["metrics"], 0) };
  }

  /** Updates the head's parameters by the gradients that added up, and forgets those. */
  async apply(options: { learningRate: number; scale: number; weightDecay: number }): Promise<void> {
    await this.#plugin.call("apply", [options]);
  }

  /**
   * Gives up the gradients that added up since the last update: of a batch that is not to count. Losses that were
   * found to be NaN go with them, or no later figure could be told.
   */
  async forget(): Promise<void> {
    await this.#plugin.call("forget", this.#lossesAreSpoiled ? [{ losses: true }] : []);
    this.#lossesAreSpoiled = false;
  }

  /** Logits without training. `hidden` is moved. */
  async predict(hidden: HostTensor, length = 0): Promise<HostTensor> {
    const rows = hidden.shape[0]!;
    const logits = this.#logits(await this.#plugin.call("predict", [hidden]), rows, length);
    this.#requireFinite(0, "logits", sumOfSquares(logits));
    return logits;
  }

  /** Parameters and moments, for a checkpoint. */
  async state(): Promise<HeadState> {
    const { parameters, moments, updates, losses } = record(
      await this.#plugin.call("state", []),
      this.name,
      "state",
    );
    return {
      parameters: tensors(parameters, this.name),
      moments: tensors(moments, this.name),
      updates: Number(updates),
      losses: losses === undefined ? undefined : lossSum(losses, this.name, "state"),
    };
  }

  /** Goes on from a checkpoint. */
  async restore({ parameters, moments, updates, losses }: HeadState): Promise<void> {
    await this.#plugin.call("restore", [{
      parameters: Object.fromEntries(copies(parameters)),
      moments: Object.fromEntries(copies(moments)),
      updates,
      ...(losses && { losses: { ...losses } }),
    }]);
    this.#lossesAreSpoiled = false;
  }

  /** What of an answer goes into the encoder, checked. */
  #gradients(
    answer: Readonly<Record<string, WireValue>>,
    shape: readonly number[],
    step: number,
    weight: number,
  ): HeadStep {
    const { squaredGradientNorm } = answer;
    if (typeof squaredGradientNorm !== "number") {
      throw wrong(this.name, "step", "the gradient norm is not a number");
    }
    this.#requireFinite(step, "gradient norm", squaredGradientNorm);
    this.#requireNorm(step, "gradient norm of its parameters", Math.sqrt(squaredGradientNorm), NORM_CAP);
    const hiddenGradient = this.#tensor(answer["hiddenGradient"], "gradient of the hidden states", shape);
    const squares = sumOfSquares(hiddenGradient);
    this.#requireFinite(step, "gradient of the hidden states", squares);
    // By its share, or a small last micro-batch would look like a small gradient.
    const norm = Math.sqrt(squares) / weight;
    this.#requireNorm(step, "norm of the gradient of the hidden states", norm, this.norms.limit);
    this.norms.add(norm);
    return { squaredGradientNorm, hiddenGradient };
  }

  #earlier(value: WireValue, step: number): LossSum {
    if (value === undefined) return NONE;
    const earlier = lossSum(value, this.name, "step");
    this.#lossesAreSpoiled = !Number.isFinite(earlier.sum);
    this.#requireFinite(step, `sum of the losses of the ${earlier.steps} steps before`, earlier.sum);
    return earlier;
  }

  #logits(value: WireValue, rows: number, length: number): HostTensor {
    return this.#tensor(value, "logits", logitsShape(this.task, { rows, labels: this.#labels, length }));
  }

  #metrics(value: WireValue, step: number): Readonly<Record<string, number>> {
    const metrics = record(value ?? {}, this.name, "step") as Record<string, number>;
    for (const [name, figure] of Object.entries(metrics)) this.#requireFinite(step, `metric ${name}`, figure);
    return metrics;
  }

  #tensor(value: WireValue, what: string, shape: readonly number[]): HostTensor {
    if (isHostTensor(value) && value.dtype === "float32" && value.shape.join() === shape.join()) return value;
    const found = isHostTensor(value) ? `${value.dtype} [${value.shape}]` : typeof value;
    throw wrong(this.name, "step", `the ${what} is ${found}, expected float32 [${shape}]`, "shape");
  }

  #requireFinite(step: number, what: string, value: number): void {
    if (Number.isFinite(value)) return;
    const message = `The ${what} of ${this.name} is ${value} at step ${step}; try a lower learning rate`;
    throw poisoned(new KBertError("train/not-finite", message, { step, what, value }), "not-finite");
  }

  /** Also refuses NaN, the root of a sum of squares that is less than nothing. */
  #requireNorm(step: number, what: string, value: number, limit: number): void {
    if (value <= limit) return;
    const answer = `the ${what} is ${value.toPrecision(4)} at step ${step}, ` +
      `and the limit is ${limit.toPrecision(4)}; check the head's loss, or set head.onPoison to skip`;
    throw wrong(this.name, "step", answer, "norm", { limit, value });
  }
}

/** What is sent is moved; a checkpoint's tensors stay the caller's. */
function* copies(tensors: ReadonlyMap<string, HostTensor>): Iterable<[string, HostTensor]> {
  for (const [name, tensor] of tensors) yield [name, { ...tensor, data: tensor.data.slice() }];
}
