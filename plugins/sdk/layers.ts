/**
 * The layers that a head is built of. They own their parameters; the head's {@linkcode Layers} owns them.
 *
 * @module
 */
import * as tf from "../../core/deps/tfjs.ts";
import { Random } from "../../core/tensor/random.ts";
import { dropout } from "../../core/tensor/operations.ts";

/** Deviation of the initial weights, as in BERT (Devlin et al. 2019). */
const INITIAL_DEVIATION = 0.02;

/**
 * `y = x W^T + b`. `weight` is `[outputs, inputs]`, as in PyTorch and in published checkpoints.
 */
export class Linear {
  constructor(readonly weight: tf.Variable, readonly bias: tf.Variable) {}

  /** `[…, inputs]` → `[…, outputs]`, float32. */
  apply(x: tf.Tensor): tf.Tensor {
    return tf.tidy(() => {
      const [outputs, inputs] = this.weight.shape as [number, number];
      const rows = tf.reshape(x, [-1, inputs]) as tf.Tensor2D;
      const y = tf.add(tf.matMul(rows, this.weight as tf.Tensor as tf.Tensor2D, false, true), this.bias);
      return tf.reshape(y, [...x.shape.slice(0, -1), outputs]);
    });
  }
}

/** Sets a share of the numbers to zero while training and scales up the rest; does nothing otherwise. */
export class Dropout {
  readonly #layers: Layers;
  readonly #site: number;

  /** Made by {@linkcode Layers.dropout}. */
  constructor(layers: Layers, readonly rate: number, site: number) {
    this.#layers = layers;
    this.#site = site;
  }

  /** Same shape. The same seed and training step give the same zeros. */
  apply(x: tf.Tensor): tf.Tensor {
    const step = this.#layers.trainingStep;
    return step === undefined ? tf.clone(x) : dropout(x, this.rate, this.#layers.randomAt(step, this.#site));
  }
}

/** Makes layers and owns their parameters: what the optimizer updates and a checkpoint keeps. */
export class Layers {
  readonly #parameters = new Map<string, tf.Variable>();
  readonly #seed: number;
  #sites = 0;

  /** @param seed the same seed gives the same initial weights */
  constructor(seed: number) {
    this.#seed = seed;
  }

  /** Number of the step while training, undefined while evaluating. Set by the runtime. */
  trainingStep: number | undefined;

  /** Name → parameter. */
  get parameters(): ReadonlyMap<string, tf.Variable> {
    return this.#parameters;
  }

  /** A fully connected layer with normal weights (deviation 0.02) and a zero bias. */
  linear(name: string, inputs: number, outputs: number): Linear {
    return new Linear(
      this.parameter(`${name}.weight`, [outputs, inputs]),
      this.parameter(`${name}.bias`, [outputs], 0),
    );
  }

  /** A dropout layer. @param rate share of zeros, 0 to 1 (1 excluded) */
  dropout(rate: number): Dropout {
    return new Dropout(this, rate, this.#sites++);
  }

  /** A parameter of one's own: normally distributed, or filled with `constant`. */
  parameter(name: string, shape: readonly number[], constant?: number): tf.Variable {
    if (this.#parameters.has(name)) throw new TypeError(`A parameter named "${name}" already exists`);
    const random = Random.at(this.#seed, this.#parameters.size);
    const values = Float32Array.from(
      { length: shape.reduce((size, dimension) => size * dimension, 1) },
      () => constant ?? random.normal() * INITIAL_DEVIATION,
    );
    const variable = tf.tidy(() => tf.variable(tf.tensor(values, [...shape])));
    this.#parameters.set(name, variable);
    return variable;
  }

  /** A stream of random numbers that belongs to a step and a place of the head. */
  randomAt(step: number, site: number): Random {
    return Random.at(this.#seed, 1_000_003, step, site);
  }

  /** Frees all parameters. */
  dispose(): void {
    for (const parameter of this.#parameters.values()) parameter.dispose();
    this.#parameters.clear();
  }
}
