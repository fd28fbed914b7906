/**
 * Dropout with the noise of the composition (core/tensor/kernels/composed.ts), number for number: four
 * streams of xoshiro128** side by side, one draw per element. The gradient is the same call on dy, so that
 * no mask is kept.
 *
 * @see Blackman and Vigna 2021, "Scrambled linear pseudorandom number generators"
 *
 * @module
 */
import { loadSome, storeSome } from "./vector";

/**
 * `y = x * (draw <= last ? 0 : kept)`, draws as unsigned integers; x, y: `[size]`; state: uint32 `[4, 4]`,
 * the words a, b, c, d of four streams. The state is read, not changed.
 */
export function dropout(x: usize, y: usize, size: usize, state: usize, last: u32, kept: f32): void {
  let a = v128.load(state), b = v128.load(state, 16), c = v128.load(state, 32), d = v128.load(state, 48);
  const bound = i32x4.splat(last), factor = f32x4.splat(kept);
  for (let at: usize = 0; at < size; at += 4) {
    const left = size - at, byte = at * 4;
    const times5 = i32x4.add(i32x4.shl(b, 2), b);
    const turned = v128.or(i32x4.shl(times5, 7), i32x4.shr_u(times5, 25));
    const draw = i32x4.add(i32x4.shl(turned, 3), turned); // times 9
    const shifted = i32x4.shl(b, 9);
    c = v128.xor(c, a);
    d = v128.xor(d, b);
    b = v128.xor(b, c);
    a = v128.xor(a, d);
    c = v128.xor(c, shifted);
    d = v128.or(i32x4.shl(d, 11), i32x4.shr_u(d, 21));
    // A product with zero and not a zero: NaN stays NaN, and the sign is that of the composition.
    const mask = v128.andnot(factor, i32x4.le_u(draw, bound));
    storeSome(y + byte, left, f32x4.mul(loadSome(x + byte, left, 0), mask));
  }
}
