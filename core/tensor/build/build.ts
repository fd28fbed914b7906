/**
 * Builds `core/tensor/assets/`: tfjs as one module, and the bytes of its wasm backend as another.
 *
 * tfjs is bundled because the npm packages cannot be used as they are: the union package costs 65 MB and
 * an install-script warning, `tfjs-core` alone has no gradients, its subpaths do not resolve, and the wasm
 * backend wants to read a file. The bundle needs no permission and no download, in the host, in a plugin's
 * worker, and when `mod.ts` is imported from a URL. The output is checked in; `deno task build:tensors`
 * makes it again from the exact versions below, byte for byte.
 *
 * @module
 */
const VERSION = "4.22.0";
const ESBUILD = "npm:esbuild@0.28.2";
const here = new URL(".", import.meta.url);
const assets = new URL("../assets/", import.meta.url);

/** Removed afterwards; within the project, so that the task needs no right to other folders. */
const folder = new URL("work/", here).pathname;
await Deno.mkdir(folder, { recursive: true });
try {
  const dependencies = Object.fromEntries(
    ["core", "backend-cpu", "backend-wasm", "backend-webgpu"]
      .map((name) => [`@tensorflow/tfjs-${name}`, VERSION]),
  );
  await Deno.writeTextFile(`${folder}package.json`, JSON.stringify({ private: true, dependencies }));
  await Deno.copyFile(new URL("tfjs_entry.js", here), `${folder}entry.js`);
  await Deno.writeTextFile(`${folder}deno.json`, `{ "nodeModulesDir": "manual" }`);
  await run("install", "--quiet");
  await run("run", "--no-config", "--allow-read", "--allow-write", "--allow-env", "--allow-run", ESBUILD, ...[
    "entry.js",
    `--outfile=${new URL("tfjs.js", assets).pathname}`,
    "--bundle",
    "--minify",
    "--format=esm",
    "--platform=browser",
    "--main-fields=module,browser,main",
    ...["fs", "path", "crypto", "worker_threads"].map((name) => `--external:${name}`),
    // tfjs takes Deno for Node.js when it sees `process`, and then reads files and the environment.
    "--define:process=undefined",
    "--legal-comments=none",
    "--log-level=warning",
    `--banner:js=// Built from tfjs ${VERSION} (Apache-2.0) by core/tensor/build/build.ts: do not edit.`,
  ]);
  const wasm = await Deno.readFile(
    `${folder}node_modules/@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm`,
  );
  await Deno.writeTextFile(
    new URL("tfjs_wasm.js", assets),
    `// The SIMD build of tfjs-backend-wasm ${VERSION} (Apache-2.0), by core/tensor/build/build.ts: do not edit.\n` +
      `export default "data:application/wasm;base64,${wasm.toBase64()}";\n`,
  );
} finally {
  await Deno.remove(folder, { recursive: true });
}

/** Runs Deno in the build folder; its output is shown only if it fails. */
async function run(...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command("deno", { args, cwd: folder }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}
