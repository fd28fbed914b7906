/**
 * What plugins that compute with tensors import, as `k-bert/sdk/tensors`.
 *
 * @module
 */
export * as tf from "../../core/deps/tfjs.ts";
export { HeadPort } from "./head.ts";
export type { HeadMetrics, HiddenStates } from "./head.ts";
export { IGNORED } from "../../core/manifest/task.ts";
export type { Task } from "../../core/manifest/task.ts";
export { Dropout, Layers, Linear } from "./layers.ts";
export { crossEntropy } from "./losses.ts";
export type { LossFunction } from "./losses.ts";
