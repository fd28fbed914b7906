/**
 * Loss functions for heads, by the task that they are for; core/manifest/task.ts has the shapes. Those that have
 * settings are made by a function. Each answers a mean, a float32 scalar, so that the learning rate does not
 * depend on the size of a batch, and says what the mean is over.
 *
 * | task                      | losses                                                               |
 * | ------------------------- | -------------------------------------------------------------------- |
 * | `classification`          | {@linkcode crossEntropy}, {@linkcode crossEntropyWith}, {@linkcode focal} |
 * | `tagging`                 | the same                                                             |
 * | `multilabel`              | {@linkcode binaryCrossEntropy}, {@linkcode binaryCrossEntropyWith}   |
 * | `regression`              | {@linkcode meanSquaredError}, {@linkcode meanAbsoluteError}, {@linkcode huber} |
 * | `ordinal`                 | {@linkcode ordinal}                                                  |
 * | `ranking`                 | {@linkcode marginRanking}                                            |
 *
 * @module
 */
export type { LossFunction } from "./losses/loss_function.ts";
export { crossEntropy, crossEntropyWith } from "./losses/cross_entropy.ts";
export type { CrossEntropyOptions } from "./losses/cross_entropy.ts";
export { focal } from "./losses/focal.ts";
export type { FocalOptions } from "./losses/focal.ts";
export { binaryCrossEntropy, binaryCrossEntropyWith } from "./losses/binary_cross_entropy.ts";
export type { BinaryCrossEntropyOptions } from "./losses/binary_cross_entropy.ts";
export { huber, meanAbsoluteError, meanSquaredError } from "./losses/regression.ts";
export { ordinal } from "./losses/ordinal.ts";
export { marginRanking } from "./losses/margin_ranking.ts";
