/**
 * The programs of the matrix product, `c = a b (+ bias)`, with a stride for everything: they do plain and
 * transposed products, batches of them, broadcast batches, and the heads of an attention where they lie.
 *
 * A program is made per kind when it is first asked for; sizes are uniforms and compile nothing.
 *
 * @module
 */
import { NORMAL_SHARE } from "./gelu_shader.ts";
import type { MatMulKind } from "./matmul_kind.ts";
import { defineProgram, type ElementType, type FloatType, type Program } from "./program.ts";
import { LANES, registerMain, tileSide } from "./matmul_registers.ts";
import { sharedMain } from "./matmul_shared.ts";

const u32 = "u32" as const;

/**
 * A product is one of a batch, whose two axes have strides of their own: number p starts at
 * `p / share * Outer + p % share * Share`.
 */
const UNIFORMS = {
  ...{ rows: u32, columns: u32, inner: u32, share: u32, products: u32 },
  ...{ aRow: u32, aInner: u32, aOuter: u32, aShare: u32 },
  ...{ bInner: u32, bColumn: u32, bOuter: u32, bShare: u32 },
  ...{ cRow: u32, cOuter: u32, cShare: u32 },
} as const;

/** Values of the uniforms. */
export type MatMulLayout = Readonly<Record<keyof typeof UNIFORMS, number>>;

/** Its buffers: `c = a b + bias`, `activated = gelu(c)`; a kind without bias or GELU does not bind these. */
export type MatMulBuffer = "a" | "b" | "bias" | "c" | "activated";
/** One of the programs. */
export type MatMulProgram = Program<MatMulBuffer, keyof typeof UNIFORMS>;

const programs = new Map<string, MatMulProgram>();

/** The program of a kind. */
export function matMulProgram(kind: MatMulKind): MatMulProgram {
  const { side, transposeA, transposeB, quads, bias, gelu, types } = kind;
  const numbers = `${types.a} ${types.b} ${types.c}`;
  const name = `matMul ${transposeA ? "T" : "N"}${
    transposeB ? "T" : "N"
  } ${side} ${quads} ${bias} ${gelu} ${numbers}`;
  let program = programs.get(name);
  if (!program) {
    const stored = (type: FloatType): ElementType => quads ? `vec4<${type}>` : type;
    const [a, b, c] = [stored(types.a), stored(types.b), stored(types.c)];
    const main = side ? sharedMain(kind) : registerMain(kind);
    program = defineProgram<MatMulBuffer, keyof typeof UNIFORMS>({
      name,
      reads: { a, b, ...bias ? { bias: stored("f32") } : {} },
      writes: { c, ...gelu ? { activated: c } : {} },
      uniforms: UNIFORMS,
      code: place(kind) + (gelu ? NORMAL_SHARE : "") + main,
    });
    programs.set(name, program);
  }
  return program;
}

/** How many workgroups a program needs. */
export function matMulWorkgroups(
  kind: MatMulKind,
  { rows, columns, products }: Pick<MatMulLayout, "rows" | "columns" | "products">,
): number {
  const side = sideOf(kind);
  const tiles = Math.ceil(columns / side) * Math.ceil(rows / side) * products;
  return kind.side ? tiles : Math.ceil(tiles / LANES);
}

/** Tiles are numbered along rows, then down, then product by product. */
function place(kind: MatMulKind): string {
  const side = sideOf(kind);
  return `
struct Place { row: u32, column: u32, a: u32, b: u32, c: u32, product: u32 }

fn place(tile: u32) -> Place {
  let across = (uniforms.columns + ${side - 1}u) / ${side}u;
  let tiles = across * ((uniforms.rows + ${side - 1}u) / ${side}u);
  let product = tile / tiles;
  let outer = product / uniforms.share;
  let share = product % uniforms.share;
  return Place(
    tile % tiles / across * ${side}u, tile % tiles % across * ${side}u,
    outer * uniforms.aOuter + share * uniforms.aShare,
    outer * uniforms.bOuter + share * uniforms.bShare,
    outer * uniforms.cOuter + share * uniforms.cShare,
    product);
}
`;
}

/** Of a tile, in memory or in registers. */
function sideOf({ side, quads }: MatMulKind): number {
  return side || tileSide(quads);
}
