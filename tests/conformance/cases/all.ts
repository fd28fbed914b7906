/**
 * Every operation that is computed with tensors in core/bert, core/train, the plugin kit and the heads.
 *
 * @module
 */
import type { Operation } from "../conformance.ts";
import { ELEMENTWISE } from "./elementwise.ts";
import { LAYERS } from "./layers.ts";
import { LOSSES } from "./losses.ts";
import { MATRICES } from "./matrices.ts";
import { SUMS } from "./sums.ts";

/** The optimizer is not a function of its inputs and has a file of its own: ../optimizer_test.ts. */
export const OPERATIONS: readonly Operation[] = [...ELEMENTWISE, ...SUMS, ...MATRICES, ...LAYERS, ...LOSSES];
