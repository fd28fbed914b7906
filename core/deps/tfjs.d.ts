export * from "npm:@tensorflow/tfjs-core@4.22.0";
import type { KernelBackend } from "npm:@tensorflow/tfjs-core@4.22.0";

/** Says where the wasm backend's binary is; has to be called before the backend starts. */
export function setWasmPaths(paths: Record<string, string>, usePlatformFetch?: boolean): void;
/** The wasm backend. */
export class BackendWasm extends KernelBackend {}
/** The webgpu backend; `device` is owned by the caller. */
export class WebGPUBackend extends KernelBackend {
  constructor(device: GPUDevice, adapterInfo?: GPUAdapterInfo);
}
