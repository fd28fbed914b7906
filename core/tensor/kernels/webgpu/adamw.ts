/**
 * AdamW of all parameters on the GPU, in place, in a handful of dispatches (16 per parameter composed).
 *
 * In place means that the buffers of a parameter and of its moments stay the same. That is right only while
 * nobody else has them: a parameter with a clone gets memory of its own first, as `assign` would give it.
 *
 * @module
 */
import type * as tf from "../../../deps/tfjs.ts";
import type { Moments, ParameterUpdate, UpdateRule } from "../adamw.ts";
import { requireShape } from "../differentiable.ts";
import { gpu } from "./gpu.ts";
import { type Slot, SlotProgram } from "./slots.ts";

/** See kernels/adamw.ts. */
export function updateParameters(updates: readonly ParameterUpdate[], rule: UpdateRule): void {
  const { scale, epsilon, learningRate } = rule;
  const slots = updates.map(({ parameter, gradient, moments, decay }): Slot => {
    for (const tensor of [gradient, moments.first, moments.second]) requireShape(tensor, parameter.shape);
    makeSole(parameter, moments);
    const { first, second } = moments;
    return {
      buffers: { p: parameter, g: gradient, first, second },
      uniforms: { decay: learningRate * decay },
      size: parameter.size,
    };
  });
  program.run(slots, {}, {
    ...{ factor: scale, epsilon, share1: 1 - rule.beta1, share2: 1 - rule.beta2 },
    rate: learningRate / rule.correction1,
    rootScale: 1 / Math.sqrt(rule.correction2),
  });
}

/** Gives a copy to those whose memory somebody shares. */
function makeSole(parameter: tf.Variable, moments: Moments): void {
  if (!gpu().isSole(parameter)) {
    const copy = gpu().copy(parameter);
    parameter.assign(copy);
    copy.dispose();
  }
  for (const name of ["first", "second"] as const) {
    if (gpu().isSole(moments[name])) continue;
    const shared = moments[name];
    moments[name] = gpu().copy(shared);
    shared.dispose();
  }
}

const program = new SlotProgram({
  name: "AdamW",
  reads: ["g"],
  writes: ["p", "first", "second"],
  slotUniforms: { decay: "f32" },
  sharedWrites: [],
  uniforms: { factor: "f32", epsilon: "f32", share1: "f32", share2: "f32", rate: "f32", rootScale: "f32" },
  code: `for (var i = first; i < end; i += LANES) {
      let g = g#[i] * uniforms.factor;
      let first = first#[i] + (g - first#[i]) * uniforms.share1;
      let second = second#[i] + (g * g - second#[i]) * uniforms.share2;
      first#[i] = first;
      second#[i] = second;
      let p = p#[i];
      let change = uniforms.rate * first / (sqrt(second) * uniforms.rootScale + uniforms.epsilon);
      p#[i] = p - change - uniforms.decay# * p;
    }`,
});
