/**
 * The product for real GPUs: a workgroup loads tiles of a and b into its memory, and computes from there.
 *
 * Every invocation has each 8th row and column of the tile, so that neighbours read and write neighbours.
 * What lies behind an edge is zero in the tiles, so the loop has no edges. Sums have names and no indices:
 * drivers keep an array in registers only if they manage to unroll every loop over it.
 *
 * @module
 */
import type { MatMulKind } from "./matmul_kind.ts";

/**
 * Along each side of a workgroup, and steps of the inner axis that its tiles hold. With 16 steps wgpu's GL
 * backend, which writes the zeros of workgroup memory into the shader one by one, compiles for 10 to 50 s.
 */
const SHARED = { invocations: 8, depth: 8 } as const;

/** The entry of the shader. */
export function sharedMain(kind: MatMulKind): string {
  const { invocations, depth } = SHARED;
  const { side } = kind;
  return `
const SIDE = ${side}u;
const DEPTH = ${depth}u;
const STRIDE = ${side + 1}u; // one more, or a column of the tile would be in one bank of the memory
var<workgroup> tileA: array<f32, ${(side + 1) * depth}>;
var<workgroup> tileB: array<f32, ${(side + 1) * depth}>;

@compute @workgroup_size(${invocations}, ${invocations})
fn main(
  @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_id) lane: vec3u, @builtin(local_invocation_index) number: u32,
) {
  let my = place(flatGroup(group, groups));
  if (my.product >= uniforms.products) { return; }
${[...sharedLines(kind)].join("\n")}
}
`;
}

function* sharedLines({ side, transposeA, transposeB, bias, gelu, types }: MatMulKind): Iterable<string> {
  const { invocations, depth } = SHARED;
  const each = range(side / invocations);
  const loads = range(side * depth / invocations ** 2);
  // From the number as it is stored, which is the one that its gradient is computed from.
  const activation = gelu ? `let z = f32(y); activated[at] = ${types.c}(z * normalShare(z, bell(z)));` : "";
  for (const i of each) for (const j of each) yield `var c${i}_${j} = 0.0;`;

  yield "for (var first = 0u; first < uniforms.inner; first += DEPTH) {";
  for (const load of loads) {
    yield `{ let index = ${load * invocations ** 2}u + number;`;
    // The faster index follows memory.
    const [rowA, innerA] = transposeA ? ["% SIDE", "/ SIDE"] : ["/ DEPTH", "% DEPTH"];
    const [innerB, columnB] = transposeB ? ["% DEPTH", "/ DEPTH"] : ["/ SIDE", "% SIDE"];
    yield `let row = my.row + index ${rowA}; let innerA = first + index ${innerA};`;
    yield `let hasA = row < uniforms.rows && innerA < uniforms.inner;`;
    yield `let fromA = select(0u, my.a + row * uniforms.aRow + innerA * uniforms.aInner, hasA);`;
    yield `tileA[index ${innerA} * STRIDE + index ${rowA}] = select(0.0, f32(a[fromA]), hasA);`;
    yield `let column = my.column + index ${columnB}; let innerB = first + index ${innerB};`;
    yield `let hasB = column < uniforms.columns && innerB < uniforms.inner;`;
    yield `let fromB = select(0u, my.b + innerB * uniforms.bInner + column * uniforms.bColumn, hasB);`;
    yield `tileB[index ${innerB} * STRIDE + index ${columnB}] = select(0.0, f32(b[fromB]), hasB); }`;
  }
  yield "workgroupBarrier();";
  yield "let end = min(DEPTH, uniforms.inner - first);";
  yield "for (var k = 0u; k < end; k++) {";
  for (const j of each) yield `let q${j} = tileB[k * STRIDE + ${j * invocations}u + lane.x];`;
  for (const i of each) {
    yield `let p${i} = tileA[k * STRIDE + ${i * invocations}u + lane.y];`;
    for (const j of each) yield `c${i}_${j} = fma(p${i}, q${j}, c${i}_${j});`;
  }
  yield "}";
  yield "workgroupBarrier();";
  yield "}";

  for (const i of each) {
    for (const j of each) {
      const [row, column] = [
        `my.row + ${i * invocations}u + lane.y`,
        `my.column + ${j * invocations}u + lane.x`,
      ];
      const added = bias ? ` + bias[${column}]` : "";
      yield `if (${row} < uniforms.rows && ${column} < uniforms.columns) {`;
      yield `let at = my.c + (${row}) * uniforms.cRow + ${column}; let y = ${types.c}(c${i}_${j}${added}); c[at] = y;`;
      yield `${activation} }`;
    }
  }
}

function range(count: number): number[] {
  return [...Array(count).keys()];
}
