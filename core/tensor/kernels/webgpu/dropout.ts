/**
 * Dropout on the GPU with the noise of the composition (kernels/composed.ts), number for number: four streams
 * of xoshiro128**, one draw per number.
 *
 * Each thread has a stretch of one stream and jumps to its beginning (dropout_jumps.ts), so that the streams
 * stay what they are on wasm and on cpu. Nothing is uploaded and no mask is kept: the gradient draws again.
 *
 * @module
 */
import * as tf from "../../../deps/tfjs.ts";
import { now, type Varying } from "../../varying.ts";
import type { Operations, RandomStates } from "../composed.ts";
import { differentiable } from "../differentiable.ts";
import { jumpTables } from "../dropout_jumps.ts";
import { gpu } from "./gpu.ts";
import { perType } from "./per_type.ts";
import { defineProgram, type FloatType } from "./program.ts";

/** See operations.ts. */
export const dropout: Operations["dropout"] = (x, rate, states) =>
  differentiable((_save, x) => [drop(x!, rate, states), (dy) => [drop(dy, rate, states)]])(x);

/** Both passes, without a tape: on x, or on the gradient of the result. The answer is the caller's. */
export function drop(x: tf.Tensor, rate: number, states: Varying<RandomStates>): tf.Tensor {
  if (rate === 0) return tf.clone(x);
  const type = gpu().floatTypeOf(x);
  const y = gpu().allocate(x.shape, type);
  const { size } = x;
  const bits = stretchBits(size);
  const threads = 4 * Math.ceil(size / 4 / 2 ** bits);
  gpu().run(program(type), {
    buffers: { x, y, jumps: gpu().table("jumps of xoshiro128**", jumpTables) },
    uniforms: () => ({
      ...wordsOf(now(states)),
      ...{ size, bits, kept: 1 / (1 - rate) },
      // `draw < rate 2^32` with a whole draw is `draw <= last`, which is a whole number too.
      last: Math.ceil(rate * 2 ** 32) - 1,
    }),
    workgroups: Math.ceil(threads / 64),
  });
  return y;
}

/** Draws of one thread, as a power of two: a jump costs as much as some 20 draws, an idle thread more. */
function stretchBits(size: number): number {
  return size < 2 ** 16 ? 5 : size < 2 ** 20 ? 6 : 7;
}

const STREAMS = [0, 1, 2, 3] as const;
type Word = `${"a" | "b" | "c" | "d"}${typeof STREAMS[number]}`;
/** Of the states, in their order. */
const WORDS = (["a", "b", "c", "d"] as const).flatMap((word) =>
  STREAMS.map((stream): Word => `${word}${stream}`)
);
function wordsOf(states: RandomStates): Record<Word, number> {
  return Object.fromEntries(WORDS.map((name, index) => [name, states[index]!])) as Record<Word, number>;
}

const ofStream = (word: string): string =>
  `vec4u(${STREAMS.map((stream) => `uniforms.${word}${stream}`)})[stream]`;

const program = perType((type: FloatType) =>
  defineProgram({
    name: "dropout",
    reads: { x: type, jumps: "vec4<u32>" },
    writes: { y: type },
    uniforms: {
      ...Object.fromEntries(WORDS.map((name) => [name, "u32"])) as Record<Word, "u32">,
      ...{ size: "u32", bits: "u32", last: "u32", kept: "f32" } as const,
    },
    code: `
fn jump(level: u32, state: vec4u) -> vec4u {
  var image = vec4u(0);
  for (var nibble = 0u; nibble < 32; nibble++) {
    let value = (state[nibble >> 3] >> ((nibble & 7) * 4)) & 15;
    image ^= jumps[(level * 32 + nibble) * 16 + value];
  }
  return image;
}

fn rotateLeft(value: u32, bits: u32) -> u32 { return (value << bits) | (value >> (32 - bits)); }

@compute @workgroup_size(64) fn main(
  @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let thread = flatGroup(group, groups) * 64 + lane;
  let stream = thread & 3;
  let stretch = thread >> 2;
  let first = (stretch << uniforms.bits) * 4 + stream;
  if (first >= uniforms.size) { return; }
  var state = vec4u(${["a", "b", "c", "d"].map(ofStream)});
  var level = uniforms.bits;
  for (var left = stretch; left > 0; left >>= 1) {
    if ((left & 1) == 1) { state = jump(level, state); }
    level++;
  }
  let end = min(first + (4u << uniforms.bits), uniforms.size);
  for (var i = first; i < end; i += 4) {
    let draw = rotateLeft(state.y * 5, 7) * 9;
    let c = state.z ^ state.x;
    let d = state.w ^ state.y;
    state = vec4u(state.x ^ d, state.y ^ c, c ^ (state.y << 9), rotateLeft(d, 11));
    // A product with zero and not a zero: NaN stays NaN, and the sign is that of the composition.
    y[i] = ${type}(f32(x[i]) * select(uniforms.kept, 0.0, draw <= uniforms.last));
  }
}`,
  })
);
