/**
 * The product for software adapters: each invocation computes 16 x 16 numbers in registers and shares nothing.
 *
 * Such an adapter does a barrier by stopping and resuming every invocation, and loads number by number for
 * each of its lanes, so loads are all that counts and what is next to what in memory does not. A larger tile
 * loads less per number: on lavapipe 16 x 16 does 23 GFLOP/s where 4 x 16 does 13 and tfjs' shader 4, although
 * no CPU has 256 registers. With 32 x 32 compiling takes 4 s.
 *
 * @module
 */
import type { MatMulKind } from "./matmul_kind.ts";

/** Invocations of a workgroup: as many as such an adapter has lanes. */
export const LANES = 8;

/** Rows and columns that an invocation holds, in quads or number by number: that takes four times the code. */
export function tileSide(quads: boolean): number {
  return quads ? 16 : 8;
}

/** The entry of the shader. */
export function registerMain(kind: MatMulKind): string {
  return `
@compute @workgroup_size(${LANES})
fn main(
  @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let my = place(flatGroup(group, groups) * ${LANES}u + lane);
  if (my.product >= uniforms.products) { return; }
  let row = my.row;
  let column = my.column;
${[...kind.quads ? quadLines(kind) : singleLines(kind)].join("\n")}
${kind.gelu ? activation(kind) : ""}
}
`;
}

/**
 * Four steps of the inner axis at once, all in vectors of four. Behind an edge the last rows and columns are
 * computed again, and not stored.
 */
function* quadLines({ transposeA, transposeB, bias, types }: MatMulKind): Iterable<string> {
  const side = tileSide(true);
  const quads = range(side / 4);
  if (transposeA) {
    yield "let aStep = uniforms.aInner / 4u;";
    for (const q of range(side / 4)) {
      yield `var a${q} = (my.a + min(row + ${4 * q}u, uniforms.rows - 4u)) / 4u;`;
    }
  } else {
    for (const r of range(side)) {
      yield `var a${r} = (my.a + min(row + ${r}u, uniforms.rows - 1u) * uniforms.aRow) / 4u;`;
    }
  }
  if (transposeB) {
    for (const j of range(side)) {
      yield `var b${j} = (my.b + min(column + ${j}u, uniforms.columns - 1u) * uniforms.bColumn) / 4u;`;
    }
  } else {
    yield "let bStep = uniforms.bInner / 4u;";
    for (const q of quads) yield `var b${q} = (my.b + min(column + ${4 * q}u, uniforms.columns - 4u)) / 4u;`;
  }
  for (const r of range(side)) for (const q of quads) yield `var c${r}_${q} = vec4<f32>();`;

  yield "for (var k = 0u; k < uniforms.inner; k += 4u) {";
  if (transposeA) {
    for (const q of range(side / 4)) {
      for (const k of range(4)) yield `let p${k}_${q} = vec4<f32>(a[a${q}]); a${q} += aStep;`;
    }
  } else for (const r of range(side)) yield `let p${r} = vec4<f32>(a[a${r}]); a${r}++;`;
  for (const q of quads) {
    for (const j of range(4)) {
      const at = transposeB ? `b${4 * q + j}` : `b${q}`;
      yield `let q${j}_${q} = vec4<f32>(b[${at}]); ${at} += ${transposeB ? "1u" : "bStep"};`;
    }
    for (const k of range(4)) {
      const right = transposeB ? `vec4<f32>(${range(4).map((j) => `q${j}_${q}.${AXES[k]}`)})` : `q${k}_${q}`;
      yield `let s${k}_${q} = ${right};`;
      for (const r of range(side)) {
        const left = transposeA ? `p${k}_${r >> 2}.${AXES[r % 4]}` : `p${r}.${AXES[k]}`;
        yield `c${r}_${q} = fma(vec4<f32>(${left}), s${k}_${q}, c${r}_${q});`;
      }
    }
  }
  yield "}";

  for (const r of range(side)) {
    for (const q of quads) {
      const added = bias ? ` + bias[column / 4u + ${q}u]` : "";
      yield `if (row + ${r}u < uniforms.rows && column + ${4 * q}u < uniforms.columns) { ` +
        `c[(my.c + (row + ${r}u) * uniforms.cRow + column) / 4u + ${q}u] = vec4<${types.c}>(c${r}_${q}${added}); }`;
    }
  }
}

/** One step of the inner axis at a time; sizes and strides are any. */
function* singleLines({ bias, types }: MatMulKind): Iterable<string> {
  const side = tileSide(false);
  for (const r of range(side)) {
    yield `var a${r} = my.a + min(row + ${r}u, uniforms.rows - 1u) * uniforms.aRow;`;
  }
  for (const j of range(side)) {
    yield `var b${j} = my.b + min(column + ${j}u, uniforms.columns - 1u) * uniforms.bColumn;`;
  }
  for (const r of range(side)) for (const q of range(side / 4)) yield `var c${r}_${q} = vec4<f32>();`;

  yield "for (var k = 0u; k < uniforms.inner; k++) {";
  for (const r of range(side)) yield `let p${r} = vec4<f32>(f32(a[a${r}])); a${r} += uniforms.aInner;`;
  for (const q of range(side / 4)) {
    yield `let s${q} = vec4<f32>(${range(4).map((j) => `f32(b[b${4 * q + j}])`)});`;
    for (const j of range(4)) yield `b${4 * q + j} += uniforms.bInner;`;
    for (const r of range(side)) yield `c${r}_${q} = fma(p${r}, s${q}, c${r}_${q});`;
  }
  yield "}";

  for (const r of range(side)) {
    for (const j of range(side)) {
      const added = bias ? ` + bias[column + ${j}u]` : "";
      const value = `${types.c}(c${r}_${j >> 2}.${AXES[j % 4]}${added})`;
      yield `if (row + ${r}u < uniforms.rows && column + ${j}u < uniforms.columns) { ` +
        `c[my.c + (row + ${r}u) * uniforms.cRow + column + ${j}u] = ${value}; }`;
    }
  }
}

/**
 * Reads again what was just written: unrolled as the rest, the same function 64 times over would take longer to
 * compile than all products together.
 */
function activation({ quads, types }: MatMulKind): string {
  const side = tileSide(quads);
  const share = quads ? 4 : 1;
  const one = (z: string): string => `${z} * normalShare(${z}, bell(${z}))`;
  const [type, float] = quads ? [`vec4<${types.c}>`, "vec4<f32>"] : [types.c, "f32"];
  const value = quads ? `vec4<f32>(${[...AXES].map((axis) => one(`z.${axis}`))})` : one("z");
  return `
  for (var r = row; r < min(row + ${side}u, uniforms.rows); r++) {
    for (var j = column; j < min(column + ${side}u, uniforms.columns); j += ${share}u) {
      let at = (my.c + r * uniforms.cRow + j) / ${share}u;
      let z = ${float}(c[at]);
      activated[at] = ${type}(${value});
    }
  }`;
}

const AXES = "xyzw";

function range(count: number): number[] {
  return [...Array(count).keys()];
}
