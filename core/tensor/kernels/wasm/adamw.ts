/**
 * One update of AdamW in one pass; see core/tensor/adamw.ts for the formula.
 *
 * The moments move by a share of their distance (`m + (1 - beta) (g - m)`): in float32, `beta` and
 * `1 - beta` rounded one by one do not add up to 1.
 *
 * @module
 */
import { loadSome, storeSome } from "./vector";

/**
 * All `[size]`: parameter, gradient, the moments (changed in place) and out.
 *
 * @param share1 `1 - beta1`
 * @param share2 `1 - beta2`
 * @param rate learning rate / (1 - beta1^t)
 * @param rootScale `1 / sqrt(1 - beta2^t)`
 * @param decay learning rate * weight decay
 */
export function adamW(
  parameter: usize,
  gradient: usize,
  first: usize,
  second: usize,
  out: usize,
  size: usize,
  scale: f32,
  share1: f32,
  share2: f32,
  rate: f32,
  rootScale: f32,
  epsilon: f32,
  decay: f32,
): void {
  for (let at: usize = 0; at < size; at += 4) {
    const left = size - at, byte = at * 4;
    const p = loadSome(parameter + byte, left, 0);
    const g = f32x4.mul(loadSome(gradient + byte, left, 0), f32x4.splat(scale));
    let m = loadSome(first + byte, left, 0);
    let v = loadSome(second + byte, left, 0);
    m = f32x4.relaxed_madd(f32x4.sub(g, m), f32x4.splat(share1), m);
    v = f32x4.relaxed_madd(f32x4.sub(f32x4.mul(g, g), v), f32x4.splat(share2), v);
    storeSome(first + byte, left, m);
    storeSome(second + byte, left, v);
    const root = f32x4.relaxed_madd(f32x4.sqrt(v), f32x4.splat(rootScale), f32x4.splat(epsilon));
    const step = f32x4.div(f32x4.mul(m, f32x4.splat(rate)), root);
    const change = f32x4.relaxed_madd(p, f32x4.splat(decay), step);
    storeSome(out + byte, left, f32x4.sub(p, change));
  }
}
