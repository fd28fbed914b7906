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
export { binaryCrossEntropy, binaryCrossEntropyWith, crossEntropy, crossEntropyWith } from "./losses.ts";
export { focal, huber, marginRanking, meanAbsoluteError, meanSquaredError, ordinal } from "./losses.ts";
export type { BinaryCrossEntropyOptions, CrossEntropyOptions, FocalOptions, LossFunction } from "./losses.ts";
export { gradientCheck } from "./gradient_check.ts";
export type { GradientCheckOptions, GradientReport } from "./gradient_check.ts";
