/**
 * Last layers that give a text one score: for ranking the score itself, for ordinal one logit per question whether
 * the text is above a rank.
 *
 * @module
 */
import { type Layers, tf } from "k-bert/sdk/tensors";

/** Something with which a head can end. */
export interface LastLayer {
  /** `[…, inputs]` → `[…, logits]`, float32. */
  apply(x: tf.Tensor): tf.Tensor;
}

/** `x wᵀ`, without a bias: two scores are only compared, and a bias would be in both. */
export class Score implements LastLayer {
  readonly #weight: tf.Variable;

  constructor(layers: Layers, inputs: number) {
    this.#weight = layers.parameter("output.weight", [1, inputs]);
  }

  /** `[batch, inputs]` → `[batch, 1]`, float32. */
  apply(x: tf.Tensor): tf.Tensor {
    return tf.matMul(x as tf.Tensor2D, this.#weight as tf.Tensor as tf.Tensor2D, false, true);
  }
}

/**
 * CORAL's last layer: one score for all questions, and a bias for each, `x wᵀ + b_k`. What differs between two
 * questions is the bias alone, so their order is the same for every text.
 *
 * @see Cao, Mirjalili and Raschka 2020, https://arxiv.org/abs/1901.07884
 */
export class RankQuestions implements LastLayer {
  readonly #score: Score;
  readonly #biases: tf.Variable;

  /** @param ranks K, which makes K - 1 questions */
  constructor(layers: Layers, inputs: number, ranks: number) {
    this.#score = new Score(layers, inputs);
    this.#biases = layers.parameter("output.bias", [ranks - 1], 0);
  }

  /** `[batch, inputs]` → `[batch, K - 1]`, float32. */
  apply(x: tf.Tensor): tf.Tensor {
    return tf.add(this.#score.apply(x), this.#biases);
  }
}
