/**
 * Builds `core/tensor/assets/`: tfjs as one module, and the bytes of its wasm backend as another.
 *
 * tfjs is bundled because the npm packages cannot be used as they are: the union package costs 65 MB and
 * an install-script warning, `tfjs-core` alone has no gradients, its subpaths do not resolve, and the wasm
 * backend wants to read a file. The output is checked in; `deno task build:tensors` makes it again from the exact
 * version below, byte for byte.
 *
 * @module
 */
import { bundle } from "../../deps/build/bundle.ts";

const VERSION = "4.22.0";
const here = new URL(".", import.meta.url).pathname;
const assets = new URL("../assets/", import.meta.url).pathname;

await bundle(
  {
    dependencies: Object.fromEntries(
      ["core", "backend-cpu", "backend-wasm", "backend-webgpu"]
        .map((name) => [`@tensorflow/tfjs-${name}`, VERSION]),
    ),
    entry: `${here}tfjs_entry.js`,
    outfile: `${assets}tfjs.js`,
    banner: `Built from tfjs ${VERSION} (Apache-2.0) by core/tensor/build/build.ts: do not edit.`,
    flags: [
      ...["fs", "path", "crypto", "worker_threads"].map((name) => `--external:${name}`),
      // tfjs takes Deno for Node.js when it sees `process`, and then reads files and the environment.
      "--define:process=undefined",
    ],
  },
  here,
  async (folder) => {
    const wasm = await Deno.readFile(
      `${folder}/node_modules/@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm`,
    );
    await Deno.writeTextFile(
      `${assets}tfjs_wasm.js`,
      `// The SIMD build of tfjs-backend-wasm ${VERSION} (Apache-2.0), by core/tensor/build/build.ts: do not edit.\n` +
        `export default "data:application/wasm;base64,${wasm.toBase64()}";\n`,
    );
  },
);
