/**
 * Numbers that the kernels multiply with, in the workspace: from there one instruction puts a number into all
 * four lanes. In the code each would take three, and V8 repeats them for every vector: half the time of gelu.
 *
 * @module
 */
import { CONSTANTS, workspace } from "./workspace";

/** Their address, for the first argument of `v128.load32_splat`; the second is an offset below. */
// @ts-ignore: decorator
@inline
export function constants(): usize {
  return workspace() + CONSTANTS;
}

/** log2 e, the two parts of ln 2, and 1/7! to 1/3! of the exponential; see vector.ts. */
export const LOG2_E: usize = 0;
export const LN2_HIGH: usize = 4;
export const LN2_LOW: usize = 8;
export const EXP: usize = 12; // 5 numbers
export const HALF: usize = 32;
export const ONE: usize = 36;
export const EXP_LEAST: usize = 40;

/** `1 / sqrt(2 pi)`, the factor of t, and the polynomials far from zero and near it; see gelu.ts. */
export const DENSITY_AT_0: usize = 44;
export const T_FACTOR: usize = 48;
export const FAR: usize = 52; // 9 numbers
export const NEAR: usize = 88; // 7 numbers
export const MINUS_HALF: usize = 116;
/** 1.5 * 2^23; see vector.ts. */
export const MAGIC: usize = 120;

/** Writes the numbers; to be called before any kernel. */
export function placeConstants(): void {
  const at = constants();
  store<f32>(at, 1.4426950408889634, LOG2_E);
  store<f32>(at, 0.693359375, LN2_HIGH);
  store<f32>(at, -0.00021219444005469057, LN2_LOW);
  store<f32>(at, 1.0 / 5040.0, EXP);
  store<f32>(at, 1.0 / 720.0, EXP + 4);
  store<f32>(at, 1.0 / 120.0, EXP + 8);
  store<f32>(at, 1.0 / 24.0, EXP + 12);
  store<f32>(at, 1.0 / 6.0, EXP + 16);
  store<f32>(at, 0.5, HALF);
  store<f32>(at, 1, ONE);
  store<f32>(at, -87, EXP_LEAST);
  store<f32>(at, 0.3989422804014327, DENSITY_AT_0);
  store<f32>(at, 0.26, T_FACTOR);
  store<f32>(at, 0.030504941881135932, FAR);
  store<f32>(at, -0.15282910094989058, FAR + 4);
  store<f32>(at, 0.25149185756939574, FAR + 8);
  store<f32>(at, -0.15094960662903797, FAR + 12);
  store<f32>(at, 0.16094829124358315, FAR + 16);
  store<f32>(at, 0.051027501629742504, FAR + 20);
  store<f32>(at, 0.1030302981877357, FAR + 24);
  store<f32>(at, 0.10301674453019122, FAR + 28);
  store<f32>(at, 0.10375906016373845, FAR + 32);
  store<f32>(at, -1.0 / 9676800.0, NEAR);
  store<f32>(at, 1.0 / 599040.0, NEAR + 4);
  store<f32>(at, -1.0 / 42240.0, NEAR + 8);
  store<f32>(at, 1.0 / 3456.0, NEAR + 12);
  store<f32>(at, -1.0 / 336.0, NEAR + 16);
  store<f32>(at, 1.0 / 40.0, NEAR + 20);
  store<f32>(at, -1.0 / 6.0, NEAR + 24);
  store<f32>(at, -0.5, MINUS_HALF);
  store<f32>(at, 12582912, MAGIC);
}
