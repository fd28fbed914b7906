/**
 * Dropout with the noise of `core/tensor/random.ts`, number for number: xoshiro128** from a given state,
 * one draw per element. The gradient is the same call on dy, so that no mask is kept.
 *
 * @see Blackman and Vigna 2021, "Scrambled linear pseudorandom number generators"
 *
 * @module
 */

/** `y = x * (draw <= last ? 0 : kept)`, draws as unsigned integers; x, y: `[size]`. */
export function dropout(
  x: usize,
  y: usize,
  size: usize,
  a: u32,
  b: u32,
  c: u32,
  d: u32,
  last: u32,
  kept: f32,
): void {
  for (const end = x + size * 4; x != end; x += 4) {
    const draw = rotl<u32>(b * 5, 7) * 9;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = rotl<u32>(d, 11);
    // A product with zero and not a zero: NaN stays NaN, and the sign is that of the composition.
    store<f32>(y, load<f32>(x) * (draw <= last ? <f32> 0 : kept));
    y += 4;
  }
}
