/**
 * The guide's classification head: dropout, an activation and one linear layer, on one vector for each text.
 *
 * @module
 */
import type { EventBus, HeadConfig } from "k-bert/sdk";
import { type Dropout, HeadPort, type HiddenStates, type Layers, type Linear, tf } from "k-bert/sdk/tensors";

/** Settings; see plugin.yaml. */
interface Settings extends HeadConfig {
  readonly dropout_rate: number;
  readonly activation: "relu" | "tanh" | "none";
  readonly pooling: "cls" | "mean" | "attention";
  /** Only attention looks at it. */
  readonly attention_heads?: number;
}

/** Hidden states `[batch, hidden]`, or all of them for attention → logits `[batch, num_labels]`. */
export class CustomClassificationHead extends HeadPort<Settings> {
  readonly #attention: AttentionPooling | undefined;
  readonly #dropout: Dropout;
  readonly #classifier: Linear;

  constructor(config: Settings, eventBus: EventBus, seed?: number) {
    super(config, eventBus, seed);
    const { pooling, hidden_size, attention_heads } = config;
    if (pooling === "attention") {
      this.#attention = new AttentionPooling(this.layers, hidden_size, attention_heads);
    }
    this.#dropout = this.layers.dropout(config.dropout_rate);
    this.#classifier = this.layers.linear("classifier", hidden_size, config.num_labels);
  }

  override get reads(): HiddenStates {
    return this.config.pooling === "attention" ? "all" : this.config.pooling;
  }

  override async forward(hiddenStates: tf.Tensor): Promise<tf.Tensor> {
    await this.eventBus.emit("head.forward_start", {
      head_type: this.constructor.name,
      input_shape: hiddenStates.shape,
    });

    const pooled = this.#attention?.apply(hiddenStates) ?? hiddenStates;
    const logits = this.#classifier.apply(this.#activate(this.#dropout.apply(pooled)));

    await this.eventBus.emit("head.forward_complete", {
      head_type: this.constructor.name,
      output_shape: logits.shape,
    });
    return logits;
  }

  #activate(x: tf.Tensor): tf.Tensor {
    switch (this.config.activation) {
      case "relu":
        return tf.relu(x);
      case "tanh":
        return tf.tanh(x);
      case "none":
        return x;
    }
  }
}

/**
 * Pools the states of all tokens by multi-head attention with learned queries, one for each of the A heads:
 * `weights = softmax over tokens(q · K x / √D)`, and the head's part of the result is `V (sum of weights x) + c`.
 * Each head has its D = hidden / A rows of K, V and c. (Vaswani et al. 2017, https://arxiv.org/abs/1706.03762)
 *
 * Padding is not masked: a head is not told where it is, and cannot see it, since states of padding are as long as
 * those of tokens. They are alike, so the queries can learn to look away from them; until they have, the logits of a
 * text depend on how far its batch was padded, and afterwards still a little.
 */
export class AttentionPooling {
  readonly #queries: tf.Variable;
  readonly #keys: tf.Variable; // without a bias: it would add the same to the scores of all tokens
  readonly #values: Linear;

  /** @throws {RangeError} if the heads do not divide the width */
  constructor(layers: Layers, hiddenSize: number, heads = 8) {
    if (hiddenSize % heads !== 0) {
      throw new RangeError(`hidden_size is ${hiddenSize}, which attention_heads, ${heads}, does not divide`);
    }
    this.#queries = layers.parameter("attention.query", [heads, hiddenSize / heads]);
    this.#keys = layers.parameter("attention.key.weight", [hiddenSize, hiddenSize]);
    this.#values = layers.linear("attention.value", hiddenSize, hiddenSize);
  }

  /** `[batch, seq, hidden]` → `[batch, hidden]`; B, S, H at the line ends. */
  apply(x: tf.Tensor): tf.Tensor {
    const [batch, length, hidden] = x.shape as [number, number, number];
    const [heads, width] = this.#queries.shape as [number, number];
    const perHead = (matrix: tf.Tensor): tf.Tensor => tf.reshape(matrix, [heads, width, hidden]);
    // q · (K x) is (q K) · x, and the sum of V x is V of the sum: no key and no value of a token is ever made.
    const queries = tf.matMul(tf.reshape(this.#queries, [heads, 1, width]), perHead(this.#keys)); // [A, 1, H]
    const tokens = tf.reshape(x, [batch * length, hidden]);
    const scores = tf.matMul(tokens, tf.reshape(queries, [heads, hidden]), false, true); // [B*S, A]
    const scaled = tf.reshape(tf.div(scores, Math.sqrt(width)), [batch, length, heads]);
    const weights = tf.softmax(tf.transpose(scaled, [0, 2, 1])); // [B, A, S]
    const sums = tf.transpose(tf.matMul(weights, x), [1, 0, 2]); // [A, B, H]
    const values = tf.matMul(sums, perHead(this.#values.weight), false, true); // [A, B, D]
    return tf.add(tf.reshape(tf.transpose(values, [1, 0, 2]), [batch, hidden]), this.#values.bias);
  }
}
