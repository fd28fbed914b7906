/**
 * AdamW: Adam with a weight decay that is not part of the gradient.
 *
 * It lives beside the tensors and not beside the trainer because both sides of the wall use it: the
 * trainer for the encoder, a head's worker for the head, with the same rate and the same scale.
 *
 * @module
 */
import * as tf from "../deps/tfjs.ts";
import { KBertError } from "../wall/errors.ts";
import type { HostTensor } from "../wall/tensor.ts";
import { downloadByName, upload } from "./transfer.ts";
import type { Moments } from "./kernels/adamw.ts";
import { kernelOf } from "./kernels/table.ts";

/** Settings of {@linkcode AdamW}, named as in the paper's code. */
export interface AdamWOptions {
  /** Decay of the first moment. @default {0.9} */
  beta1?: number;
  /** Decay of the second moment. @default {0.999} */
  beta2?: number;
  /** Added to the root of the second moment. @default {1e-8} */
  epsilon?: number;
}

/** Of one update. */
export interface UpdateOptions {
  learningRate: number;
  /** Share of a parameter that is taken off per unit of learning rate. @default {0.01} */
  weightDecay?: number;
  /** What the gradients are multiplied by first, for clipping. @default {1} */
  scale?: number;
}

/**
 * With `g` the gradient times the scale and `t` the count of updates:
 *
 * `m = beta1 m + (1 - beta1) g`, `v = beta2 v + (1 - beta2) g^2`,
 * `p = p - rate ( (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon) + decay p )`.
 *
 * Biases and the parameters of LayerNorm (everything with one axis) do not decay.
 *
 * Owns the moments; the parameters stay their model's.
 *
 * @see Loshchilov and Hutter 2019, "Decoupled weight decay regularization", https://arxiv.org/abs/1711.05101
 */
export class AdamW implements Disposable {
  readonly #parameters: ReadonlyMap<string, tf.Variable>;
  readonly #moments = new Map<string, Moments>();
  readonly #options: Required<AdamWOptions>;
  #updates = 0;

  constructor(parameters: ReadonlyMap<string, tf.Variable>, options: AdamWOptions = {}) {
    this.#parameters = parameters;
    this.#options = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, ...options };
    for (const [name, { shape }] of parameters) {
      this.#moments.set(name, { first: tf.zeros(shape), second: tf.zeros(shape) });
    }
  }

  /** How often {@linkcode AdamW.update} was called. */
  get updates(): number {
    return this.#updates;
  }

  /**
   * Updates every parameter that has a gradient.
   *
   * @param gradients by name of the parameter; they stay the caller's
   */
  update(
    gradients: ReadonlyMap<string, tf.Tensor>,
    { learningRate, weightDecay = 0.01, scale = 1 }: UpdateOptions,
  ): void {
    const { beta1, beta2, epsilon } = this.#options;
    this.#updates++;
    const correction1 = 1 - beta1 ** this.#updates;
    const correction2 = 1 - beta2 ** this.#updates;
    const updates = [...gradients].map(([name, gradient]) => {
      const parameter = this.#parameters.get(name)!;
      const decay = parameter.rank > 1 ? weightDecay : 0;
      return { parameter, gradient, moments: this.#moments.get(name)!, decay };
    });
    const rule = { learningRate, beta1, beta2, epsilon, correction1, correction2, scale };
    kernelOf("updateParameters")(updates, rule);
  }

  /** The moments, for a checkpoint, as `<parameter>.first` and `<parameter>.second`. */
  async state(): Promise<Map<string, HostTensor>> {
    const moments = [...this.#moments].flatMap(([name, { first, second }]) =>
      [[`${name}.first`, first], [`${name}.second`, second]] as const
    );
    return await downloadByName(new Map(moments));
  }

  /**
   * Goes on from a checkpoint.
   *
   * @throws {KBertError} `weights/invalid` if a moment is missing or has another shape; nothing is changed.
   */
  restore(state: ReadonlyMap<string, HostTensor>, updates: number): void {
    const find = (key: string, shape: readonly number[]): HostTensor => {
      const moment = state.get(key);
      if (moment?.dtype === "float32" && moment.shape.join() === shape.join()) return moment;
      const found = moment ? `has the shape [${moment.shape}]` : "is missing";
      throw new KBertError("weights/invalid", `The moment ${key} ${found}, expected [${shape}]`, {
        file: key,
      });
    };
    const wanted = [...this.#parameters].map(([name, { shape }]) => ({
      name,
      first: find(`${name}.first`, shape),
      second: find(`${name}.second`, shape),
    }));
    for (const { name, first, second } of wanted) {
      const moments = this.#moments.get(name)!;
      tf.dispose([moments.first, moments.second]);
      moments.first = upload({ ...first, data: first.data.slice() });
      moments.second = upload({ ...second, data: second.data.slice() });
    }
    this.#updates = updates;
  }

  [Symbol.dispose](): void {
    for (const { first, second } of this.#moments.values()) tf.dispose([first, second]);
    this.#moments.clear();
  }
}

/** Sum of the squares of all numbers of all gradients; its root is the global norm. */
export async function squaredNorm(gradients: Iterable<tf.Tensor>): Promise<number> {
  return await kernelOf("squaredNorm")(gradients);
}
