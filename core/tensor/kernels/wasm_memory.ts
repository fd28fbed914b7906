/**
 * Which memory tfjs' wasm backend has: one of its own, or one that threads can share.
 *
 * Decided when the backend starts. Only a program that wants threads asks for shared memory; a plugin's worker
 * never does, and so never sees any.
 *
 * @module
 */
import * as tf from "../../deps/tfjs.ts";
import { setShared } from "./wasm_shared.ts";

const FILES = ["tfjs-backend-wasm", "tfjs-backend-wasm-simd", "tfjs-backend-wasm-threaded-simd"];
/** tfjs' own, so that nothing about the choice of a backend changes. */
const PRIORITY = 2;

/** Of 64 KiB, in the memory of tfjs: the system has to have addresses for all of them. */
const MOST_PAGES = 65_536;

/** What tfjs was told so far. */
let prepared: "own" | "shared" | undefined;

/**
 * Tells tfjs what its wasm backend is made of; to be called before that is activated.
 *
 * A backend that runs is made anew if it has to be shared and is not. With tensors in it, it stays as it is:
 * they would be lost. Memory that is shared already stays so, which nobody but threads can tell.
 */
export function prepareWasmMemory(isShared: boolean): void {
  if (prepared === "shared" || (prepared === "own" && !isShared)) return;
  const running = runningBackend();
  if (running && running.numDataIds() > 0) return;
  const url = isShared ? sharedUrl() : tf.wasmUrl;
  if (url === undefined) return prepareWasmMemory(false);
  const factory = tf.findBackendFactory("wasm");
  if (running) tf.removeBackend("wasm");
  tf.setWasmPaths(Object.fromEntries(FILES.map((file) => [`${file}.wasm`, url])), true);
  // Its own threads are classic workers, which Deno does not have.
  tf.env().set("WASM_HAS_MULTITHREAD_SUPPORT", false);
  if (running) tf.registerBackend("wasm", factory, PRIORITY);
  prepared = isShared ? "shared" : "own";
}

/** Not by `tf.findBackend`, which would start it as it is. */
function runningBackend(): tf.KernelBackend | undefined {
  const { registry } = tf.engine() as unknown as { registry: Record<string, tf.KernelBackend> };
  return registry["wasm"];
}

/** The module of tfjs with shared memory; undefined where the engine or the system has none of that size. */
function sharedUrl(): string | undefined {
  try {
    new WebAssembly.Memory({ initial: 1, maximum: MOST_PAGES, shared: true });
  } catch {
    return undefined; // tfjs would wait for ever
  }
  const [type, code] = tf.wasmUrl.split(",") as [string, string];
  const bytes = setShared(Uint8Array.fromBase64(code), true);
  return WebAssembly.validate(bytes) ? `${type},${bytes.toBase64()}` : undefined;
}
