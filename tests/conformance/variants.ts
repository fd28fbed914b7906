/**
 * What the suite runs on: each backend of this machine, and each again with the kernels that it would have on
 * another machine.
 *
 * There is one device for all tests of a file, because every device compiles its shaders anew. So an error of the
 * device, which is remembered, fails the tests behind it too: the first one is to be looked at.
 *
 * @module
 */
// deno-lint-ignore-file no-console -- a run says what it could not try
import * as tf from "../../core/deps/tfjs.ts";
import { type Backend, type BackendName, startBackend } from "../../core/tensor/backend.ts";
import { useWasmKernels } from "../../core/tensor/kernels/wasm_kernels.ts";
import { startWasmTeam } from "../../core/tensor/kernels/wasm_team.ts";
import { useWebGpuKernels } from "../../core/tensor/kernels/webgpu/kernels.ts";
import { messageOf } from "../../core/wall/errors.ts";
import { BACKENDS } from "../fixtures/backends.ts";

/** A backend with a choice of kernels. */
export interface Variant {
  /** For the name of a test. */
  readonly name: string;
  readonly backendName: BackendName;
  /** Makes it the current one; disposing of it puts the usual kernels back. */
  start(): Promise<Backend>;
}

/** The ones of this machine; those that it does not have are said on the console. */
export const VARIANTS: readonly Variant[] = [
  plain("cpu"),
  plain("wasm"),
  {
    name: "wasm as in an engine without relaxed SIMD",
    backendName: "wasm",
    async start(): Promise<Backend> {
      const backend = await startBackend("wasm");
      useWasmKernels(false);
      return restoring(backend, () => useWasmKernels(true));
    },
  },
  {
    name: "wasm with threads that share the smallest tensor",
    backendName: "wasm",
    async start(): Promise<Backend> {
      const backend = await startBackend("wasm", { threads: 3 });
      const team = await startWasmTeam(3, 0);
      if (team.threads !== 3) throw new Error(`There are no threads${team.note}`);
      return restoring(backend, () => {
        team[Symbol.dispose]();
        backend[Symbol.dispose]();
      });
    },
  },
  ...await nativeVariant(),
  ...await webGpuVariants(),
];

function plain(name: BackendName): Variant {
  return { name, backendName: name, start: () => startBackend(name) };
}

/** Only where the tests may open a library: `--allow-ffi`. */
async function nativeVariant(): Promise<Variant[]> {
  try {
    using _backend = await startBackend("native");
    return [plain("native")];
  } catch (error) {
    console.error(`native is not tested: ${messageOf(error)}`);
    return [];
  }
}

async function webGpuVariants(): Promise<Variant[]> {
  if (!BACKENDS.includes("webgpu")) return []; // which was said
  const adapter = await navigator.gpu.requestAdapter();
  const isSoftware = adapter!.info.isFallbackAdapter;
  const other = isSoftware ? "with the kernels for a GPU" : "with the kernels for a software adapter";
  const shared = await startBackend("webgpu");
  globalThis.addEventListener("unload", () => shared[Symbol.dispose]());

  const variant = (kernels: string, choose: () => void): Variant => ({
    name: `webgpu ${kernels}`.trim(),
    backendName: "webgpu",
    async start(): Promise<Backend> {
      await tf.setBackend("webgpu");
      choose();
      return restoring(shared, () => useWebGpuKernels(true, { isSoftware }));
    },
  });
  const usual = variant("", () => useWebGpuKernels(true, { isSoftware }));
  // Of the software adapters, the one over OpenGL (it has no shader-f16) takes up to 20 s for a shader with
  // barriers, of which tfjs' products and the ones for a GPU are full.
  if (isSoftware && !adapter!.features.has("shader-f16")) {
    console.error(
      "webgpu is tested with its usual kernels only: this adapter compiles the others too slowly",
    );
    return [usual];
  }
  return [
    usual,
    variant(other, () => useWebGpuKernels(true, { isSoftware: !isSoftware })),
    variant("without kernels of ours", () => useWebGpuKernels(false)),
  ];
}

/** The same backend, which does something else when it is disposed of. */
function restoring(backend: Backend, restore: () => void): Backend {
  return Object.assign(Object.create(backend) as Backend, { [Symbol.dispose]: restore });
}
