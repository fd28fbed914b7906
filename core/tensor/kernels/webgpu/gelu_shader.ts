/**
 * GELU as a part of shaders: of its own (gelu.ts), and of the product of a linear layer before it
 * (matmul_program.ts).
 *
 * The polynomials are those of the wasm kernel (wasm/gelu.ts), so that both backends round alike, and a
 * result far below zero is small and not the rest of a subtraction.
 *
 * @module
 */
/** The normal distribution, `(1 + erf(x / sqrt(2))) / 2`, and `e^(-x^2 / 2)`, which it needs anyway. WGSL. */
export const NORMAL_SHARE = `
fn bell(x: f32) -> f32 { return exp(-0.5 * x * x); }

fn normalShare(x: f32, height: f32) -> f32 {
  if (abs(x) < 1) {
    let s = x * x;
    var p = -1.0 / 9676800;
    p = p * s + 1.0 / 599040;
    p = p * s - 1.0 / 42240;
    p = p * s + 1.0 / 3456;
    p = p * s - 1.0 / 336;
    p = p * s + 1.0 / 40;
    p = p * s - 1.0 / 6;
    return 0.5 + x * 0.3989422804014327 * (p * s + 1);
  }
  let t = 1 / (1 + 0.26 * abs(x));
  var p = 0.030504941881135932;
  p = p * t - 0.15282910094989058;
  p = p * t + 0.25149185756939574;
  p = p * t - 0.15094960662903797;
  p = p * t + 0.16094829124358315;
  p = p * t + 0.051027501629742504;
  p = p * t + 0.1030302981877357;
  p = p * t + 0.10301674453019122;
  p = p * t + 0.10375906016373845;
  let below = height * p * t;
  return select(below, 1 - below, x > 0);
}`;
