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
import { poisoned, type PoisonReason } from "../wall/poison.ts";
import { type HostTensor, isHostTensor } from "../wall/tensor.ts";
import type { WireValue } from "../wall/values.ts";
import { NORM_CAP, NormGuard } from "./norm_guard.ts";

/** Which hidden states a head reads; see the SDK's `HiddenStates`. */
export type HiddenStates = "cls" | "mean" | "all";

/** A loaded plugin, as far as a head's client needs to know it. */
export interface HeadChannel {
  readonly name: string;
  call(method: string, args: readonly WireValue[]): Promise<WireValue>;
}

/** Answer to one micro-batch. */
export interface HeadStep {
  /** Mean loss over the micro-batch, finite. */
  readonly loss: number;
  /** Of the shape that the head's task has. */
  readonly logits: HostTensor;
  /** Figures of the head's own, finite. */
  readonly metrics: Readonly<Record<string, number>>;
  /** Gradient of the weighted loss with respect to what was sent; same shape. */
  readonly hiddenGradient: HostTensor;
  /** Of the gradients of the head's parameters, added up since the last update. */
  readonly squaredGradientNorm: number;
}

/** Answer to a batch that is not trained on. */
export type HeadEvaluation = Pick<HeadStep, "loss" | "logits" | "metrics">;

/** What a checkpoint keeps of a head. */
export interface HeadState {
  readonly parameters: ReadonlyMap<string, HostTensor>;
  readonly moments: ReadonlyMap<string, HostTensor>;
  readonly updates: number;
}

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
   * `train/not-finite` for NaN and infinity.
   */
  async step(
    hidden: HostTensor,
    labels: HostTensor,
    step: number,
    weight: number,
    length = 0,
  ): Promise<HeadStep> {
    const shape = hidden.shape;
    const answer = record(
      await this.#plugin.call("step", [hidden, labels, { step, weight }]),
      this.name,
      "step",
    );
    const { loss, squaredGradientNorm } = answer;
    if (typeof loss !== "number" || typeof squaredGradientNorm !== "number") {
      throw wrong(this.name, "step", "the loss or the gradient norm is not a number");
    }
    this.#requireFinite(step, "loss", loss);
    this.#requireFinite(step, "gradient norm", squaredGradientNorm);
    this.#requireNorm(step, "gradient norm of its parameters", Math.sqrt(squaredGradientNorm), NORM_CAP);
    const logits = this.#logits(answer["logits"], shape[0]!, length);
    this.#requireFinite(step, "sum of the squared logits", sumOfSquares(logits));
    const metrics = this.#metrics(answer["metrics"], step);
    const hiddenGradient = this.#tensor(answer["hiddenGradient"], "gradient of the hidden states", shape);
    const squares = sumOfSquares(hiddenGradient);
    this.#requireFinite(step, "gradient of the hidden states", squares);
    // By its share, or a small last micro-batch would look like a small gradient.
    const norm = Math.sqrt(squares) / weight;
    this.#requireNorm(step, "norm of the gradient of the hidden states", norm, this.norms.limit);
    this.norms.add(norm);
    return { loss, squaredGradientNorm, logits, metrics, hiddenGradient };
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

  /** Gives up the gradients that added up since the last update: of a batch that is not to count. */
  async forget(): Promise<void> {
    await this.#plugin.call("forget", []);
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
    const { parameters, moments, updates } = record(
      await this.#plugin.call("state", []),
      this.name,
      "state",
    );
    return {
      parameters: tensors(parameters, this.name),
      moments: tensors(moments, this.name),
      updates: Number(updates),
    };
  }

  /** Goes on from a checkpoint. */
  async restore({ parameters, moments, updates }: HeadState): Promise<void> {
    await this.#plugin.call("restore", [{
      parameters: Object.fromEntries(copies(parameters)),
      moments: Object.fromEntries(copies(moments)),
      updates,
    }]);
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

function record(value: WireValue, plugin: string, method: string): Record<string, WireValue> {
  if (typeof value === "object" && value !== null && !Array.isArray(value) && !isHostTensor(value)) {
    return value as Record<string, WireValue>;
  }
  throw wrong(plugin, method, `it answered ${typeof value}, expected an object`);
}

function tensors(value: WireValue, plugin: string): ReadonlyMap<string, HostTensor> {
  const entries = Object.entries(record(value, plugin, "state"));
  for (const [name, tensor] of entries) {
    if (!isHostTensor(tensor)) throw wrong(plugin, "state", `${name} is not a tensor`);
    if (!Number.isFinite(sumOfSquares(tensor))) {
      throw wrong(plugin, "state", `${name} holds a number that is not finite`, "not-finite");
    }
  }
  return new Map(entries as [string, HostTensor][]);
}

/** What is sent is moved; a checkpoint's tensors stay the caller's. */
function* copies(tensors: ReadonlyMap<string, HostTensor>): Iterable<[string, HostTensor]> {
  for (const [name, tensor] of tensors) yield [name, { ...tensor, data: tensor.data.slice() }];
}

function sumOfSquares({ data }: HostTensor): number {
  let sum = 0;
  for (let index = 0; index < data.length; index++) sum += data[index]! * data[index]!;
  return sum;
}

function wrong(
  plugin: string,
  method: string,
  what: string,
  reason: PoisonReason = "form",
  numbers: { limit?: number; value?: number } = {},
): KBertError<"plugin/answer"> {
  const message = `The plugin ${plugin} answered wrongly: ${what}`;
  return poisoned(new KBertError("plugin/answer", message, { plugin, method, ...numbers }), reason);
}
