/**
 * The fully connected layers before a head's last one.
 *
 * Dropout stands before every layer, the first one too, as in BERT's own head for classification; so it is there
 * also if there are no hidden layers at all.
 *
 * @module
 */
import { type Dropout, type Layers, type Linear, tf } from "k-bert/sdk/tensors";
import type { Activation } from "./settings.ts";

/** What a {@linkcode Mlp} is made of. */
export interface MlpOptions {
  /** Width of what goes in. */
  readonly inputs: number;
  /** Of each hidden layer; none for none. */
  readonly widths: readonly number[];
  readonly activation: Activation;
  readonly dropoutRate: number;
}

/** `dropout(f(… f(W dropout(x) + b)))`, on the last axis. Its parameters are `hidden.0.weight` and so on. */
export class Mlp {
  readonly #layers: readonly Linear[];
  readonly #dropouts: readonly Dropout[];
  readonly #activation: Activation;
  /** Width of what comes out. */
  readonly outputs: number;

  constructor(layers: Layers, { inputs, widths, activation, dropoutRate }: MlpOptions) {
    this.#layers = widths.map((width, index) =>
      layers.linear(`hidden.${index}`, widths[index - 1] ?? inputs, width)
    );
    this.#dropouts = [inputs, ...widths].map(() => layers.dropout(dropoutRate));
    this.#activation = activation;
    this.outputs = widths.at(-1) ?? inputs;
  }

  /** `[…, inputs]` → `[…, outputs]`, float32. */
  apply(x: tf.Tensor): tf.Tensor {
    let y = this.#dropouts[0]!.apply(x);
    for (const [index, layer] of this.#layers.entries()) {
      y = this.#dropouts[index + 1]!.apply(activate(layer.apply(y), this.#activation));
    }
    return y;
  }
}

function activate(x: tf.Tensor, activation: Activation): tf.Tensor {
  switch (activation) {
    case "relu":
      return tf.relu(x);
    case "tanh":
      return tf.tanh(x);
    case "gelu": // exact, x Φ(x): Hendrycks and Gimpel 2016, https://arxiv.org/abs/1606.08415
      return tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1));
    case "none":
      return x;
  }
}
