/**
 * Numbers that the kernels multiply with, in all four lanes, as globals that are set at the start: from there
 * one instruction reads them. As literals V8 would build each anew for every vector, in three instructions,
 * and in memory each would cost a check of its address.
 *
 * @module
 */

/** The exponential: log2 e, the two parts of ln 2, 1.5 * 2^23, the least power, and 1/7! to 1/3!; see vector.ts. */
export let LOG2_E: v128 = f32x4.splat(0);
export let LN2_HIGH: v128 = f32x4.splat(0);
export let LN2_LOW: v128 = f32x4.splat(0);
export let MAGIC: v128 = f32x4.splat(0);
export let EXP_LEAST: v128 = f32x4.splat(0);
export let EXP_7: v128 = f32x4.splat(0);
export let EXP_6: v128 = f32x4.splat(0);
export let EXP_5: v128 = f32x4.splat(0);
export let EXP_4: v128 = f32x4.splat(0);
export let EXP_3: v128 = f32x4.splat(0);

export let HALF: v128 = f32x4.splat(0);
export let MINUS_HALF: v128 = f32x4.splat(0);
export let ONE: v128 = f32x4.splat(0);

/** GELU: `1 / sqrt(2 pi)`, the factor of t, and the polynomials far from zero and near it; see gelu.ts. */
export let DENSITY_AT_0: v128 = f32x4.splat(0);
export let T_FACTOR: v128 = f32x4.splat(0);
export let FAR_8: v128 = f32x4.splat(0);
export let FAR_7: v128 = f32x4.splat(0);
export let FAR_6: v128 = f32x4.splat(0);
export let FAR_5: v128 = f32x4.splat(0);
export let FAR_4: v128 = f32x4.splat(0);
export let FAR_3: v128 = f32x4.splat(0);
export let FAR_2: v128 = f32x4.splat(0);
export let FAR_1: v128 = f32x4.splat(0);
export let FAR_0: v128 = f32x4.splat(0);
export let NEAR_7: v128 = f32x4.splat(0);
export let NEAR_6: v128 = f32x4.splat(0);
export let NEAR_5: v128 = f32x4.splat(0);
export let NEAR_4: v128 = f32x4.splat(0);
export let NEAR_3: v128 = f32x4.splat(0);
export let NEAR_2: v128 = f32x4.splat(0);
export let NEAR_1: v128 = f32x4.splat(0);

/** Sets them; to be called before any kernel. */
export function placeConstants(): void {
  LOG2_E = f32x4.splat(1.4426950408889634);
  LN2_HIGH = f32x4.splat(0.693359375);
  LN2_LOW = f32x4.splat(-0.00021219444005469057);
  MAGIC = f32x4.splat(12582912);
  EXP_LEAST = f32x4.splat(-87);
  EXP_7 = f32x4.splat(1.0 / 5040.0);
  EXP_6 = f32x4.splat(1.0 / 720.0);
  EXP_5 = f32x4.splat(1.0 / 120.0);
  EXP_4 = f32x4.splat(1.0 / 24.0);
  EXP_3 = f32x4.splat(1.0 / 6.0);
  HALF = f32x4.splat(0.5);
  MINUS_HALF = f32x4.splat(-0.5);
  ONE = f32x4.splat(1);
  DENSITY_AT_0 = f32x4.splat(0.3989422804014327);
  T_FACTOR = f32x4.splat(0.26);
  FAR_8 = f32x4.splat(0.030504941881135932);
  FAR_7 = f32x4.splat(-0.15282910094989058);
  FAR_6 = f32x4.splat(0.25149185756939574);
  FAR_5 = f32x4.splat(-0.15094960662903797);
  FAR_4 = f32x4.splat(0.16094829124358315);
  FAR_3 = f32x4.splat(0.051027501629742504);
  FAR_2 = f32x4.splat(0.1030302981877357);
  FAR_1 = f32x4.splat(0.10301674453019122);
  FAR_0 = f32x4.splat(0.10375906016373845);
  NEAR_7 = f32x4.splat(-1.0 / 9676800.0);
  NEAR_6 = f32x4.splat(1.0 / 599040.0);
  NEAR_5 = f32x4.splat(-1.0 / 42240.0);
  NEAR_4 = f32x4.splat(1.0 / 3456.0);
  NEAR_3 = f32x4.splat(-1.0 / 336.0);
  NEAR_2 = f32x4.splat(1.0 / 40.0);
  NEAR_1 = f32x4.splat(-1.0 / 6.0);
}
