/**
 * What the oracle needs, for tests only: messages of the ONNX format, and a runtime that computes them.
 *
 * The runtime is the WebAssembly one. It needs nothing but `--allow-read`, for its own binary in the
 * package cache, where the native one needs foreign functions and an installation script.
 *
 * @module
 */

import messages, { type onnx as types } from "npm:onnx-proto@8.0.1";
import { env, InferenceSession, Tensor } from "npm:onnxruntime-web@1.30.0/wasm";

env.wasm.numThreads = 1; // more would be workers that outlive the test
// Starts it outside of any test, by a model that is none: it opens a message port once and never closes it.
await InferenceSession.create(new Uint8Array(1), { executionProviders: ["wasm"] }).catch(() => {});

/** `onnx.ModelProto` and its parts. */
export const { onnx } = messages;
export { InferenceSession, Tensor };

/** A node of a graph. */
export type NodeProto = types.INodeProto;
/** A named constant of a node. */
export type AttributeProto = types.IAttributeProto;
/** A constant tensor. */
export type TensorProto = types.ITensorProto;
/** The name, type and shape of an input or output. */
export type ValueInfoProto = types.IValueInfoProto;
