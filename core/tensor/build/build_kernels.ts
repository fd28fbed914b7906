/**
 * Builds `core/tensor/assets/kernels_wasm.js`: the kernels of `core/tensor/kernels/wasm/`, compiled by
 * AssemblyScript to a module that imports its memory.
 *
 * The output is checked in, as the rest of `assets/`; `deno task build:kernels` makes it again, byte for
 * byte.
 *
 * @module
 */
import asc from "npm:assemblyscript@0.28.20/asc";

const VERSION = "0.28.20";
const sources = new URL("../kernels/wasm/", import.meta.url);
const output = new URL("../assets/kernels_wasm.js", import.meta.url);

let bytes: Uint8Array | undefined;
const { error, stderr } = await asc.main([
  ...["index.ts", "--outFile", "kernels.wasm"],
  // Memory is tfjs'. No start function, no data, no garbage collector: nothing but the functions.
  ...["--runtime", "stub", "--importMemory", "--noExportMemory", "--noAssert", "--bindings", "none"],
  // As large as tfjs' memory at its start: for a smaller one V8 checks every address twice. Shared; where tfjs' is
  // not, core/tensor/kernels/wasm_shared.ts says so instead.
  ...["--sharedMemory", "--initialMemory", "256", "--maximumMemory", "65536"],
  ...["--enable", "simd,relaxed-simd,threads", "--optimizeLevel", "3", "--shrinkLevel", "0", "--converge"],
], {
  readFile: (name: string) => readOrNull(name),
  writeFile: (_name: string, content: Uint8Array | string) => {
    if (typeof content !== "string") bytes = content;
  },
  listFiles: () => [],
});
if (error || !bytes) throw new Error(`AssemblyScript failed: ${stderr}`, { cause: error });

await Deno.writeTextFile(
  output,
  `// Built by AssemblyScript ${VERSION} from core/tensor/kernels/wasm/ by core/tensor/build/build_kernels.ts: ` +
    `do not edit.\nexport default "${bytes.toBase64()}";\n`,
);

/** asc asks for files that may not exist, and takes null for an answer. */
async function readOrNull(name: string): Promise<string | null> {
  try {
    return await Deno.readTextFile(new URL(name, sources));
  } catch {
    return null;
  }
}
