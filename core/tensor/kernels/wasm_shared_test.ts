import { assertEquals, assertThrows } from "../../deps/assert.ts";
import { wasmUrl } from "../../deps/tfjs.ts";
// @ts-types="../../deps/tfjs_wasm.d.ts"
import encodedModule from "../assets/kernels_wasm.js";
import { setShared } from "./wasm_shared.ts";

const MODULES = { "tfjs'": wasmUrl.split(",")[1]!, "our own": encodedModule };
const HEADER = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];

for (const [whose, code] of Object.entries(MODULES)) {
  Deno.test(`setShared() changes one byte of ${whose} module, which the engine takes either way`, () => {
    const [shared, own] = [true, false].map((isShared) => setShared(Uint8Array.fromBase64(code), isShared));

    const different = [...shared!.keys()].filter((at) => shared![at] !== own![at]);
    assertEquals(different.length, 1);
    assertEquals([shared![different[0]!], own![different[0]!]], [3, 1]);
    assertEquals([WebAssembly.validate(shared!), WebAssembly.validate(own!)], [true, true]);
  });
}

Deno.test("setShared() of tfjs' module makes what it computes on a SharedArrayBuffer, and nothing else", () => {
  const imports = { env: {}, wasi_snapshot_preview1: {} } as Record<string, Record<string, () => number>>;
  const memories = [true, false].map((isShared) => {
    const module = new WebAssembly.Module(setShared(Uint8Array.fromBase64(MODULES["tfjs'"]), isShared));
    for (const { module: from, name } of WebAssembly.Module.imports(module)) imports[from]![name] = () => 0;
    const { memory } = new WebAssembly.Instance(module, imports).exports as { memory: WebAssembly.Memory };
    return memory.buffer;
  });

  assertEquals(memories.map((buffer) => buffer instanceof ArrayBuffer), [false, true]);
  assertEquals(memories[0]!.byteLength, memories[1]!.byteLength);
});

for (
  const [what, bytes, message] of [
    ["has no memory", [], "neither has one memory"],
    ["has two memories", [5, 7, 2, 1, 0, 1, 1, 0, 1], "neither has one memory"],
    ["has a memory without a maximum", [5, 3, 1, 0, 1], "the flag 0"],
    ["is cut off", [5, 0x80], "ends in the middle of a number"],
  ] as const
) {
  Deno.test(`setShared() refuses a module that ${what}, and leaves it as it is`, () => {
    const module = Uint8Array.of(...HEADER, ...bytes);

    assertThrows(() => setShared(module, true), TypeError, message);
    assertEquals([...module], [...HEADER, ...bytes]);
  });
}
