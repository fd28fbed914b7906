/**
 * Asserts that the gradients of a head are right.
 *
 * The check itself is the SDK's `gradientCheck`, which only reports; here are the limits, and the sentence.
 *
 * @module
 */
import type * as tf from "../../../core/deps/tfjs.ts";
import { assert } from "../../../core/deps/assert.ts";
import type { GradientCheckOptions, GradientReport } from "../gradient_check.ts";
import type { HeadConfig } from "../config.ts";
import type { HeadPort } from "../head.ts";

/** What is right. */
export interface CheckGradientsOptions extends GradientCheckOptions {
  /**
   * Largest error, as a share; see `GradientReport.worstError`. Float32 and a step of 1e-2 give about 2e-3.
   * @default {1e-2}
   */
  readonly tolerance?: number;
  /** Parameters, or `hiddenStates`, that the loss of this batch does not depend on, on purpose. @default {none} */
  readonly without?: readonly string[];
}

/**
 * Compares the gradients of a head's loss, by every parameter and by the hidden states, with finite differences.
 * All arguments stay the caller's.
 *
 * @param hiddenStates as the head reads them, float32
 * @param labels of the shape that its task has
 * @throws {AssertionError} if one is wrong, missing or zero everywhere, or if one that is said to be missing is not
 * @example
 * ```ts
 * import { checkGradients, pluginTest } from "./mod.ts";
 * import { HeadConfig } from "../config.ts";
 * import { HeadPort } from "../head.ts";
 * import * as tf from "../../../core/deps/tfjs.ts";
 *
 * class TanhHead extends HeadPort {
 *   readonly #layer = this.layers.linear("layer", this.config.hidden_size, this.config.num_labels);
 *   override forward(hiddenStates: tf.Tensor): tf.Tensor {
 *     return this.#layer.apply(tf.tanh(hiddenStates));
 *   }
 * }
 *
 * await pluginTest("TanhHead has right gradients", async (test) => {
 *   await test.tensors("cpu");
 *   const config = HeadConfig({ name: "tanh_head", hidden_size: 4, num_labels: 2 });
 *   const head = test.use(new TanhHead(config, test.eventBus, 1));
 *   await checkGradients(head, test.randomTensor([3, 4]), tf.tensor1d([0, 1, 1], "int32"));
 * });
 * ```
 */
export async function checkGradients<Config extends HeadConfig, Events extends object>(
  head: HeadPort<Config, Events>,
  hiddenStates: tf.Tensor,
  labels: tf.Tensor,
  { tolerance = 1e-2, without = [], ...options }: CheckGradientsOptions = {},
): Promise<GradientReport> {
  const { gradientCheck } = await import("../gradient_check.ts");
  const report = await gradientCheck(head as unknown as HeadPort, hiddenStates, labels, options);
  const { worstError, worstPlace, withoutGradient, loss } = report;
  assert(Number.isFinite(loss), `The loss is ${loss}, so nothing can be said of its gradients`);
  assert(
    worstError <= tolerance, // false for NaN
    `A gradient is wrong by ${percent(worstError)} at ${worstPlace}; the limit is ${percent(tolerance)}`,
  );
  const missing = withoutGradient.filter((name) => !without.includes(name)).join(", ");
  const advice = "no gradient arrives there; name them in { without } if that is meant";
  assert(missing === "", `The loss does not depend on ${missing}: ${advice}`);
  const unexpected = without.filter((name) => !withoutGradient.includes(name)).join(", ");
  assert(unexpected === "", `The loss depends on ${unexpected}, which { without } names`);
  return report;
}

function percent(share: number): string {
  return `${Number((100 * share).toPrecision(2))} %`;
}
