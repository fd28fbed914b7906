/**
 * A program of our own on the GPU: WGSL, and what it says of its buffers and uniforms. The declarations are
 * made from that, so that the shader and its caller cannot disagree.
 *
 * @module
 */
/** Type of a number in WGSL that is computed with as `f32`, however it is stored; see float16.ts. */
export type FloatType = "f32" | "f16";
/** Type of an element in WGSL. float32 tensors are `f32`, those stored as float16 `f16`, int32 ones `i32`. */
export type ElementType = FloatType | "i32" | "u32" | `vec4<${FloatType}>` | "vec4<u32>";

/** What a program says of itself. */
export interface ProgramSource<Buffer extends string, Uniform extends string> {
  /** For messages of the device. */
  readonly name: string;
  /** Buffers that are read, as `array<type>` by these names. */
  readonly reads: Readonly<Partial<Record<Buffer, ElementType>>>;
  /** Buffers that are written, or read and written. */
  readonly writes: Readonly<Partial<Record<Buffer, ElementType>>>;
  /** Numbers of one dispatch, read as `uniforms.name`; other numbers do not compile it again. */
  readonly uniforms: Readonly<Record<Uniform, "f32" | "u32">>;
  /** WGSL with the entry `main`; it may have `override` constants. */
  readonly code: string;
}

/** A program, ready to be run. */
export interface Program<Buffer extends string = string, Uniform extends string = string>
  extends Pick<ProgramSource<Buffer, Uniform>, "name" | "uniforms"> {
  /** In the order of their numbers. */
  readonly bindings: readonly { name: Buffer; type: ElementType; isWritten: boolean }[];
  /** The whole shader; the key of what was compiled. */
  readonly shader: string;
}

/**
 * Declares the buffers and uniforms of a program, so that its code can use them.
 *
 * @example Twice a vector, on the GPU
 * ```ts
 * import { gpu } from "./gpu.ts";
 * import { defineProgram } from "./program.ts";
 * import { startBackend } from "../../backend.ts";
 * import * as tf from "../../../deps/tfjs.ts";
 * import { assertEquals } from "../../../deps/assert.ts";
 *
 * const double = defineProgram({
 *   name: "double",
 *   reads: { x: "f32" },
 *   writes: { y: "f32" },
 *   uniforms: { size: "u32" },
 *   code: `@compute @workgroup_size(64) fn main(
 *     @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
 *     @builtin(local_invocation_index) lane: u32,
 *   ) {
 *     let index = flatGroup(group, groups) * 64 + lane;
 *     if (index < uniforms.size) { y[index] = 2 * x[index]; }
 *   }`,
 * });
 *
 * if (await navigator.gpu?.requestAdapter()) { // there may be none on this machine
 *   using backend = await startBackend("webgpu");
 *   const x = tf.tensor([1, 2, 3]);
 *   const y = gpu().allocate(x.shape);
 *   const workgroups = Math.ceil(x.size / 64);
 *   gpu().run(double, { buffers: { x, y }, uniforms: { size: x.size }, workgroups });
 *   assertEquals([...await y.data()], [2, 4, 6]);
 *   backend.check();
 *   tf.dispose([x, y]);
 * }
 * ```
 */
export function defineProgram<Buffer extends string, Uniform extends string>(
  { name, reads, writes, uniforms, code }: ProgramSource<Buffer, Uniform>,
): Program<Buffer, Uniform> {
  const list = (types: object, isWritten: boolean): Program<Buffer, Uniform>["bindings"] =>
    Object.entries(types).map(([name, type]) => ({ name: name as Buffer, type, isWritten }));
  const bindings = [...list(reads, false), ...list(writes, true)];
  const declarations = bindings.map(({ name, type, isWritten }, index) =>
    `@group(0) @binding(${index}) var<storage, ${isWritten ? "read_write" : "read"}> ${name}: array<${type}>;`
  );
  const fields = Object.entries(uniforms).map(([name, type]) => `${name}: ${type}`);
  if (fields.length > 0) {
    declarations.push(`struct Uniforms { ${fields.join(", ")} }`);
    declarations.push(`@group(0) @binding(${bindings.length}) var<uniform> uniforms: Uniforms;`);
  }
  // Only where it is used: a device without it refuses the directive.
  const enabled = bindings.some(({ type }) => type.includes("f16")) ? ["enable f16;"] : [];
  return { name, uniforms, bindings, shader: [...enabled, ...declarations, FLAT_GROUP, code].join("\n") };
}

const FLAT_GROUP =
  "fn flatGroup(group: vec3u, groups: vec3u) -> u32 { return group.y * groups.x + group.x; }";
