/**
 * Writes an ONNX model node by node, for the oracle of the encoder.
 *
 * A value is its name, so a formula is nested calls. A weight that is used twice would be written twice;
 * the encoder uses each once.
 *
 * @see https://onnx.ai/onnx/repo-docs/IR.html
 *
 * @module
 */

import type { HostTensor } from "../../core/wall/tensor.ts";
import {
  type AttributeProto,
  type NodeProto,
  onnx,
  type TensorProto,
  type ValueInfoProto,
} from "../deps/onnx.ts";

/** A graph under construction; every method returns the name of the value that it added. */
export class Graph {
  readonly #nodes: NodeProto[] = [];
  readonly #initializers: TensorProto[] = [];
  readonly #weights: ReadonlyMap<string, HostTensor>;

  /** @param weights what {@linkcode Graph.weight} takes from; they stay the caller's */
  constructor(weights: ReadonlyMap<string, HostTensor>) {
    this.#weights = weights;
  }

  /** A node with one output. A list among `attributes` becomes INTS, a number INT. */
  op(
    opType: string,
    input: string[],
    attributes: Record<string, number | number[]> = {},
    floats: Record<string, number> = {},
  ): string {
    const output = `${opType}_${this.#nodes.length}`;
    const { INT, INTS, FLOAT } = onnx.AttributeProto.AttributeType;
    const attribute: AttributeProto[] = [
      ...Object.entries(attributes).map(([name, value]) =>
        Array.isArray(value) ? { name, type: INTS, ints: value } : { name, type: INT, i: value }
      ),
      ...Object.entries(floats).map(([name, f]) => ({ name, type: FLOAT, f })),
    ];
    this.#nodes.push({ name: output, opType, input, output: [output], attribute });
    return output;
  }

  /**
   * A weight under its own name.
   *
   * @throws {RangeError} if it is missing or has another shape.
   */
  weight(name: string, shape: readonly number[]): string {
    const tensor = this.#weights.get(name);
    if (tensor === undefined) {
      throw new RangeError(`Cannot build the oracle: the weight "${name}" is missing`);
    }
    if (tensor.dtype !== "float32" || String(tensor.shape) !== String(shape)) {
      throw new RangeError(
        `Cannot build the oracle: "${name}" is ${tensor.dtype} [${tensor.shape}] and must be float32 [${shape}]`,
      );
    }
    return this.#initialize(name, onnx.TensorProto.DataType.FLOAT, shape, tensor.data);
  }

  /** A float32 of shape `[]`. */
  float(value: number): string {
    const name = `float_${this.#initializers.length}`;
    return this.#initialize(name, onnx.TensorProto.DataType.FLOAT, [], new Float32Array([value]));
  }

  /** An int64 of shape `[values.length]`, as shapes and axes are. */
  ints(values: readonly number[]): string {
    const name = `ints_${this.#initializers.length}`;
    const data = BigInt64Array.from(values, (value) => BigInt(value));
    return this.#initialize(name, onnx.TensorProto.DataType.INT64, [values.length], data);
  }

  /** The model with these inputs, all int64 `[batch, seq]`, that gives the value `from` under the name `output`. */
  finish(inputs: readonly string[], from: string, output: string): Uint8Array {
    const { INT64, FLOAT } = onnx.TensorProto.DataType;
    this.#nodes.push({ opType: "Identity", input: [from], output: [output] });
    return onnx.ModelProto.encode({
      irVersion: 8,
      opsetImport: [{ domain: "", version: 17 }],
      graph: {
        name: "bert",
        node: this.#nodes,
        initializer: this.#initializers,
        input: inputs.map((name) => describe(name, INT64, ["batch", "seq"])),
        output: [describe(output, FLOAT, ["batch", "seq", "width"])],
      },
    }).finish();
  }

  #initialize(name: string, dataType: number, dims: readonly number[], data: ArrayBufferView): string {
    const rawData = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    this.#initializers.push({ name, dataType, dims: [...dims], rawData });
    return name;
  }
}

function describe(name: string, elemType: number, axes: readonly string[]): ValueInfoProto {
  return { name, type: { tensorType: { elemType, shape: { dim: axes.map((dimParam) => ({ dimParam })) } } } };
}
