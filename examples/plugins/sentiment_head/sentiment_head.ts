/**
 * The guide's head with a single responsibility: sentiment, and nothing else.
 *
 * @module
 */
import type { EventBus, HeadConfig } from "k-bert/sdk";
import {
  type Dropout,
  type HeadMetrics,
  HeadPort,
  type HiddenStates,
  type Linear,
  tf,
} from "k-bert/sdk/tensors";

/** From worst to best, so that the distance of two labels is one of meaning too. */
export const SENTIMENTS = ["negative", "neutral", "positive"] as const;

/** The mean of all hidden states → logits `[batch, 3]`: a mood is in the whole text. */
export class SentimentAnalysisHead extends HeadPort {
  readonly #dropout: Dropout;
  readonly #classifier: Linear;

  constructor(config: HeadConfig, eventBus?: EventBus, seed?: number) {
    super(config, eventBus, seed);
    this.#dropout = this.layers.dropout(config.dropout_rate);
    this.#classifier = this.layers.linear("classifier", config.hidden_size, SENTIMENTS.length);
  }

  override get reads(): HiddenStates {
    return "mean";
  }

  override forward(hiddenStates: tf.Tensor): tf.Tensor {
    return this.#classifier.apply(this.#dropout.apply(hiddenStates));
  }

  /** `reversed`: the share of texts that were taken for the very opposite, which is worse than a miss. */
  override measure(logits: tf.Tensor, labels: tf.Tensor): HeadMetrics {
    const reversed = tf.tidy(() => {
      const distance = tf.abs(tf.sub(tf.argMax(logits, 1), labels));
      return tf.mean(tf.cast(tf.equal(distance, 2), "float32"));
    });
    return { reversed };
  }
}
