/**
 * How much memory a plugin takes: what its worker says it holds, and what tensors a piece of work has alive at
 * once.
 *
 * Two questions, because no single number is true: memory of WebAssembly and of a graphics card, where tensors are,
 * is not in what a worker knows of itself; and tensors are not all that a plugin holds.
 *
 * @module
 */
import type { HeldMemory } from "../../../core/plugins/memory_watch.ts";
import type { Plugin } from "../../../core/plugins/plugin.ts";
import { KBertError } from "../../../core/wall/errors.ts";
import { watchBytes } from "./tensor_engine.ts";

/** In MiB. */
export interface TensorMemory {
  /** Most that was alive at once, beyond what there was before. */
  readonly peakMb: number;
  /** What is still alive when the work is done; its result is, until the caller disposes of it. */
  readonly keptMb: number;
}

const BYTES_PER_MB = 2 ** 20;

/**
 * What the worker of a running plugin holds, in MiB: objects and texts (`heapMb`), and these with buffers outside
 * of the heap, as of typed arrays and of tensors of the cpu backend (`memoryMb`).
 *
 * It is the same number in both tiers, of the plugin's own worker: with the SDK in it, and with tfjs if the plugin
 * computes, but without the Deno around it (in the tier `process`, the system counts 50 to 60 MiB more). Pages that the
 * engine has reserved are in it, also where nothing is in them any more. Not in it are WebAssembly and the graphics
 * card: for tensors there, see {@linkcode tensorMemory}.
 *
 * @param timeoutMs how long it has to answer; it does not while it computes @default {5_000}
 * @throws {KBertError} `call/timeout` if it does not answer in time or does not run
 */
export async function memoryOf(
  plugin: Pick<Plugin, "name" | "memory">,
  timeoutMs = 5_000,
): Promise<HeldMemory> {
  const held = await plugin.memory(timeoutMs);
  if (held !== undefined) return held;
  const message = `The plugin ${plugin.name} did not say within ${timeoutMs} ms how much memory it holds`;
  throw new KBertError("call/timeout", message, { plugin: plugin.name, method: "$memory", timeoutMs });
}

/**
 * What tensors a piece of work allocates, in this thread: the bytes of their numbers, on whatever backend. A view of
 * another tensor counts as if it were a copy, so the true peak is never more. What an operation itself takes beside
 * tensors while it runs is not in it.
 *
 * @param work is run once; nothing else may compute meanwhile
 * @example A head's forward pass, in a test
 * ```ts
 * import { tensorMemory } from "./memory.ts";
 * import * as tf from "../../../core/deps/tfjs.ts";
 * import { assertEquals } from "../../../core/deps/assert.ts";
 *
 * await tf.setBackend("cpu");
 * const x = tf.ones([1024, 256]); // 1 MiB
 * assertEquals(await tensorMemory(() => tf.tidy(() => tf.relu(tf.add(x, 1)))), { peakMb: 2, keptMb: 1 });
 * ```
 */
export async function tensorMemory(work: () => unknown): Promise<TensorMemory> {
  await import("../../../core/deps/tfjs.ts"); // has to be there before it is watched
  using watch = watchBytes();
  const before = watch.bytes;
  await work();
  return {
    peakMb: (watch.peakBytes - before) / BYTES_PER_MB,
    keptMb: (watch.bytes - before) / BYTES_PER_MB,
  };
}
