/**
 * An independent BERT: the published encoder as an ONNX graph, computed by a runtime that is not ours.
 *
 * Our encoder is compared with this one, so the two share no code; what a weight means is written down
 * here a second time, from the paper and from the names of Hugging Face's checkpoints. The graph is
 * computed as it stands, with the runtime's optimizations off, so that it can be read against the paper.
 *
 * @see Devlin et al. 2019, "BERT", https://arxiv.org/abs/1810.04805
 * @see https://onnx.ai/onnx/operators/
 *
 * @module
 */

import type { HostTensor } from "../../core/wall/tensor.ts";
import { InferenceSession, onnx, Tensor } from "../deps/onnx.ts";
import { Graph } from "./onnx_graph.ts";

/** The sizes of an encoder. */
export interface OracleConfig {
  vocabSize: number;
  hiddenSize: number;
  layers: number;
  heads: number;
  intermediateSize: number;
  maxPositions: number;
  typeVocabSize: number;
  layerNormEps: number;
}

/** One batch of `batch` texts with `length` tokens each, row by row. */
export interface OracleInputs {
  ids: Int32Array;
  /** 1 for a token that may be attended to, 0 for padding. */
  mask: Int32Array | Float32Array;
  types: Int32Array;
  batch: number;
  length: number;
}

/**
 * Writes the encoder as an ONNX model of opset 17.
 *
 * | tensor              | shape                 | dtype   |
 * | ------------------- | --------------------- | ------- |
 * | `input_ids`         | `[batch, seq]`        | int64   |
 * | `attention_mask`    | `[batch, seq]`        | int64   |
 * | `token_type_ids`    | `[batch, seq]`        | int64   |
 * | `last_hidden_state` | `[batch, seq, width]` | float32 |
 *
 * @param weights under Hugging Face's names without "bert.", linear weights as `[out, in]`; others are ignored
 * @returns the bytes of the model
 *
 * @throws {RangeError} if a weight is missing or has another shape.
 * @example Without layers, what comes out is the normalized embedding, here of two numbers: always 1 and -1
 * ```ts
 * import { bertToOnnx, runOnnx } from "./onnx_bert.ts";
 * import { assertAlmostEquals, assertEquals } from "../../core/deps/assert.ts";
 *
 * const config = { vocabSize: 1, hiddenSize: 2, layers: 0, heads: 1, intermediateSize: 2 };
 * const tables = { maxPositions: 1, typeVocabSize: 1, layerNormEps: 1e-12 };
 * const float = (shape: number[], ...numbers: number[]) =>
 *   ({ dtype: "float32", shape, data: new Float32Array(numbers) }) as const;
 * const model = bertToOnnx({ ...config, ...tables }, new Map([
 *   ["embeddings.word_embeddings.weight", float([1, 2], 3, 1)],
 *   ["embeddings.token_type_embeddings.weight", float([1, 2], 0, 0)],
 *   ["embeddings.position_embeddings.weight", float([1, 2], 2, 1)],
 *   ["embeddings.LayerNorm.weight", float([2], 1, 1)],
 *   ["embeddings.LayerNorm.bias", float([2], 0, 0)],
 * ]));
 *
 * const token = { ids: new Int32Array(1), mask: new Int32Array([1]), types: new Int32Array(1) };
 * const { shape, data } = await runOnnx(model, { ...token, batch: 1, length: 1 });
 * assertEquals(shape, [1, 1, 2]);
 * assertAlmostEquals(data[0]!, 1, 1e-6);
 * assertAlmostEquals(data[1]!, -1, 1e-6);
 * ```
 */
export function bertToOnnx(config: OracleConfig, weights: ReadonlyMap<string, HostTensor>): Uint8Array {
  const graph = new Graph(weights);
  const mask = additiveMask(graph);
  let hidden = embed(graph, config);
  for (let layer = 0; layer < config.layers; layer++) {
    hidden = encoderLayer(graph, config, `encoder.layer.${layer}`, hidden, mask);
  }
  return graph.finish(["input_ids", "attention_mask", "token_type_ids"], hidden, "last_hidden_state");
}

/**
 * Computes a model of {@linkcode bertToOnnx} on the CPU, in WebAssembly and one thread.
 *
 * Releases the session; the numbers are the caller's. Needs `--allow-read`.
 *
 * @returns `last_hidden_state`
 * @throws {Error} the runtime's own, if the model or the inputs do not fit.
 */
export async function runOnnx(
  model: Uint8Array,
  { ids, mask, types, batch, length }: OracleInputs,
): Promise<{ shape: number[]; data: Float32Array }> {
  const session = await InferenceSession.create(model, {
    executionProviders: ["wasm"],
    graphOptimizationLevel: "disabled",
  });
  try {
    const int64 = (numbers: Int32Array | Float32Array): Tensor =>
      new Tensor("int64", BigInt64Array.from(numbers, (number) => BigInt(number)), [batch, length]);
    const outputs = await session.run({
      input_ids: int64(ids),
      attention_mask: int64(mask),
      token_type_ids: int64(types),
    });
    const { dims, data } = outputs["last_hidden_state"]!;
    return { shape: [...dims], data: data as Float32Array };
  } finally {
    await session.release();
  }
}

/** `LayerNorm(word[id] + type[type] + position[place])`, dropout being off. */
function embed(graph: Graph, config: OracleConfig): string {
  const { vocabSize, typeVocabSize, maxPositions, hiddenSize: width, layerNormEps } = config;
  const word = graph.weight("embeddings.word_embeddings.weight", [vocabSize, width]);
  const type = graph.weight("embeddings.token_type_embeddings.weight", [typeVocabSize, width]);
  const position = graph.weight("embeddings.position_embeddings.weight", [maxPositions, width]);

  const length = graph.op("Slice", [graph.op("Shape", ["input_ids"]), graph.ints([1]), graph.ints([2])]);
  const places = graph.op("Slice", [position, graph.ints([0]), length, graph.ints([0])]); // [seq, width]
  const words = graph.op("Gather", [word, "input_ids"]); // [batch, seq, width]
  const types = graph.op("Gather", [type, "token_type_ids"]);
  const sum = graph.op("Add", [graph.op("Add", [words, types]), places]);
  return layerNorm(graph, "embeddings.LayerNorm", sum, width, layerNormEps);
}

/** 0 where attention may go and float32's least number where not: `[batch, 1, 1, seq]`. */
function additiveMask(graph: Graph): string {
  const float = graph.op("Cast", ["attention_mask"], { to: onnx.TensorProto.DataType.FLOAT });
  const open = graph.op("Unsqueeze", [float, graph.ints([1, 2])]);
  const closed = graph.op("Sub", [graph.float(1), open]);
  return graph.op("Mul", [closed, graph.float(-3.4028234663852886e38)]);
}

/** Attention, then the feed-forward part, each added to its input and normalized after (figure 1 of Vaswani). */
function encoderLayer(graph: Graph, config: OracleConfig, at: string, hidden: string, mask: string): string {
  const { hiddenSize: width, intermediateSize: wide, layerNormEps } = config;
  const context = selfAttention(graph, config, `${at}.attention.self`, hidden, mask);
  const attended = linear(graph, `${at}.attention.output.dense`, context, width, width);
  const first = graph.op("Add", [attended, hidden]);
  const middle = layerNorm(graph, `${at}.attention.output.LayerNorm`, first, width, layerNormEps);

  const inner = gelu(graph, linear(graph, `${at}.intermediate.dense`, middle, width, wide));
  const second = graph.op("Add", [linear(graph, `${at}.output.dense`, inner, wide, width), middle]);
  return layerNorm(graph, `${at}.output.LayerNorm`, second, width, layerNormEps);
}

/** `softmax(Q K^T / sqrt(d) + mask) V` for each head of `d = width / heads`. */
function selfAttention(graph: Graph, config: OracleConfig, at: string, hidden: string, mask: string): string {
  const { hiddenSize: width, heads } = config;
  const size = width / heads;
  const part = (name: string, perm: number[]): string => {
    const joined = linear(graph, `${at}.${name}`, hidden, width, width);
    return graph.op("Transpose", [graph.op("Reshape", [joined, graph.ints([0, 0, heads, size])])], { perm });
  };
  const query = part("query", [0, 2, 1, 3]); // [batch, heads, seq, size]
  const key = part("key", [0, 2, 3, 1]); // [batch, heads, size, seq]
  const value = part("value", [0, 2, 1, 3]); // [batch, heads, seq, size]

  const scores = graph.op("Div", [graph.op("MatMul", [query, key]), graph.float(Math.sqrt(size))]);
  const weights = graph.op("Softmax", [graph.op("Add", [scores, mask])], { axis: -1 });
  const mixed = graph.op("Transpose", [graph.op("MatMul", [weights, value])], { perm: [0, 2, 1, 3] });
  return graph.op("Reshape", [mixed, graph.ints([0, 0, width])]);
}

/** `x W^T + b` */
function linear(graph: Graph, at: string, input: string, from: number, to: number): string {
  const turned = graph.op("Transpose", [graph.weight(`${at}.weight`, [to, from])], { perm: [1, 0] });
  return graph.op("Add", [graph.op("MatMul", [input, turned]), graph.weight(`${at}.bias`, [to])]);
}

function layerNorm(graph: Graph, at: string, input: string, width: number, epsilon: number): string {
  const scale = graph.weight(`${at}.weight`, [width]);
  const shift = graph.weight(`${at}.bias`, [width]);
  return graph.op("LayerNormalization", [input, scale, shift], { axis: -1 }, { epsilon });
}

/** `x (1 + erf(x / sqrt 2)) / 2`: the exact one, not the one with tanh. */
function gelu(graph: Graph, input: string): string {
  const erf = graph.op("Erf", [graph.op("Div", [input, graph.float(Math.SQRT2)])]);
  const half = graph.op("Mul", [input, graph.float(0.5)]);
  return graph.op("Mul", [half, graph.op("Add", [erf, graph.float(1)])]);
}
