/**
 * The model of the steps in jax-js: the same architecture, weights, loss, clipping and AdamW, as a user of
 * jax-js would write them, with the whole step in one `jit`.
 *
 * Every array is consumed by the function that it is given to; `.ref` is a further use of it.
 *
 * @module
 */
import type { BertConfig } from "../../core/bert/config.ts";
import {
  defaultDevice,
  init,
  jit,
  nn,
  numpy as np,
  type OwnedFunction,
  tree,
  valueAndGrad,
} from "../deps/jax.ts";
import { ADAM_W, type InitialWeights, type StepData } from "./step_data.ts";

/** Of jax-js' devices, those that train. */
type Device = "wasm" | "webgpu";
type Arrays = Record<string, np.Array>;
type State = { parameters: Arrays; first: Arrays; second: Arrays };

/** A model on one of jax-js' devices. Owns its arrays. */
export class JaxModel implements Disposable {
  readonly #step: Step;
  readonly #data: { ids: np.Array; labels: np.Array };
  #state: State;
  #updates = 0;

  private constructor(device: Device, config: BertConfig, weights: InitialWeights, data: StepData) {
    const arrays = (valuesOf: (data: Float32Array<ArrayBuffer>) => Float32Array<ArrayBuffer>): Arrays =>
      Object.fromEntries(
        [...weights].map(([name, { shape, data }]) => [name, np.array(valuesOf(data), { shape })]),
      );
    const zeros = (): Arrays => arrays(({ length }) => new Float32Array(length));
    this.#state = { parameters: arrays((data) => data.slice()), first: zeros(), second: zeros() };
    const { batch, length } = data;
    this.#data = {
      ids: np.array(data.ids.slice(), { shape: [batch, length], dtype: np.int32 }),
      labels: np.array(data.labels.slice(), { shape: [batch], dtype: np.int32 }),
    };
    this.#step = compile(config, device);
  }

  /** Starts the device; undefined if jax-js does not have it here. */
  static async create(
    device: Device,
    config: BertConfig,
    weights: InitialWeights,
    data: StepData,
  ): Promise<JaxModel | undefined> {
    if (!(await init(device)).includes(device)) return undefined;
    defaultDevice(device);
    return new JaxModel(device, config, weights, data);
  }

  /** One training step; answers the loss before it. */
  async step(): Promise<number> {
    this.#updates++;
    const { beta1, beta2 } = ADAM_W;
    const corrections = np.array([1 / (1 - beta1 ** this.#updates), 1 / (1 - beta2 ** this.#updates)]);
    const { ids, labels } = this.#data;
    const [loss, state] = this.#step(this.#state, ids.ref, labels.ref, corrections);
    this.#state = state as State;
    // All of the step, and not only what the loss needs.
    await Promise.all(tree.leaves<np.Array>(this.#state).map((array) => array.blockUntilReady()));
    const [value] = await loss.data();
    return value as number;
  }

  [Symbol.dispose](): void {
    tree.dispose(this.#state);
    tree.dispose(this.#data);
    this.#step.dispose();
  }
}

type Step = OwnedFunction<
  (state: State, ids: np.Array, labels: np.Array, corrections: np.Array) => [np.Array, State]
>;

function compile(config: BertConfig, device: Device): Step {
  const lossOf = (parameters: Arrays, ids: np.Array, labels: np.Array): np.Array =>
    crossEntropy(logitsOf(config, device, parameters, ids), labels);
  return jit((state: State, ids: np.Array, labels: np.Array, corrections: np.Array) => {
    const [loss, gradients] = valueAndGrad(lossOf)(tree.ref(state.parameters), ids, labels);
    return [loss, update(state, gradients as Arrays, corrections)] as [np.Array, State];
  });
}

/** `[batch, 2]`, from the first token of each text. */
function logitsOf(config: BertConfig, device: Device, parameters: Arrays, ids: np.Array): np.Array {
  const { heads, hiddenSize, layers, layerNormEps } = config;
  const [batch, length] = ids.shape as [number, number];
  const width = hiddenSize / heads;
  const get = (name: string): np.Array => parameters[name]!.ref;
  const linear = (x: np.Array, name: string): np.Array =>
    np.matmul(x, get(`${name}.weight`).transpose()).add(get(`${name}.bias`));
  const norm = (x: np.Array, name: string): np.Array => {
    const centred = x.ref.sub(x.mean(-1, { keepdims: true }));
    const variance = np.square(centred.ref).mean(-1, { keepdims: true });
    const normal = centred.div(np.sqrt(variance.add(layerNormEps)));
    return normal.mul(get(`${name}.weight`)).add(get(`${name}.bias`));
  };

  const positions = get("embeddings.position_embeddings.weight").slice([0, length]);
  const types = get("embeddings.token_type_embeddings.weight").slice(0);
  const table = get("embeddings.word_embeddings.weight");
  // The gradient of take() is an atomic scatter, whose shader Deno's WebGPU does not compile; and oneHot() makes
  // a square of the vocabulary, which is over the limit of one binding.
  const oneHot = (): np.Array =>
    np.equal(ids.reshape([batch, length, 1]), np.arange(table.shape[0]!)).astype(np.float32);
  const words = device === "webgpu" ? np.matmul(oneHot(), table) : np.take(table, ids, 0); // [B, S, H]
  let x = norm(words.add(positions.add(types)).reshape([batch * length, hiddenSize]), "embeddings.LayerNorm");
  for (let layer = 0; layer < layers; layer++) {
    const block = `encoder.layer.${layer}`;
    const split = (name: string): np.Array =>
      linear(x.ref, `${block}.attention.self.${name}`).reshape([batch, length, heads, width]);
    const context = nn.dotProductAttention(split("query"), split("key"), split("value"));
    const joined = context.reshape([batch * length, hiddenSize]);
    const attended = linear(joined, `${block}.attention.output.dense`);
    x = norm(x.add(attended), `${block}.attention.output.LayerNorm`);
    const inner = nn.gelu(linear(x.ref, `${block}.intermediate.dense`), { approximate: false });
    x = norm(x.add(linear(inner, `${block}.output.dense`)), `${block}.output.LayerNorm`);
  }
  const first = x.reshape([batch, length, hiddenSize]).slice([], 0); // [B, H]
  const logits = linear(nn.relu(first), "classifier");
  tree.dispose(parameters); // all uses were further ones
  return logits;
}

function crossEntropy(logits: np.Array, labels: np.Array): np.Array {
  const classes = logits.shape[1]!;
  return np.negative(nn.logSoftmax(logits, -1).mul(nn.oneHot(labels, classes)).sum(-1).mean());
}

function update({ parameters, first, second }: State, gradients: Arrays, corrections: np.Array): State {
  const { beta1, beta2, epsilon, learningRate, weightDecay, maxGradientNorm } = ADAM_W;
  const squares = Object.values(gradients).map((gradient) => np.square(gradient.ref).sum());
  const norm = np.sqrt(squares.reduce((sum, one) => sum.add(one)));
  const scale = np.minimum(np.array(maxGradientNorm).div(norm), 1);
  const after: State = { parameters: {}, first: {}, second: {} };
  for (const [name, gradient] of Object.entries(gradients)) {
    const parameter = parameters[name]!;
    const scaled = gradient.mul(scale.ref);
    const m = first[name]!.mul(beta1).add(scaled.ref.mul(1 - beta1));
    const v = second[name]!.mul(beta2).add(np.square(scaled).mul(1 - beta2));
    const root = np.sqrt(v.ref.mul(corrections.ref.slice(1))).add(epsilon);
    const decay = parameter.shape.length > 1 ? weightDecay : 0;
    const change = m.ref.mul(corrections.ref.slice(0)).div(root).add(parameter.ref.mul(decay));
    after.parameters[name] = parameter.sub(change.mul(learningRate));
    [after.first[name], after.second[name]] = [m, v];
  }
  tree.dispose([scale, corrections]);
  return after;
}
