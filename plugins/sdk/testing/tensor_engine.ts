/**
 * The tensors of this thread, without loading tfjs: a test that computes nothing does not pay for it.
 *
 * tfjs keeps its one engine in a global of its own, and makes it when it is loaded. Nothing else of tfjs is
 * looked at here.
 *
 * @module
 */

/** What of tfjs' engine is used. */
interface Engine {
  startScope(): void;
  endScope(): void;
  readonly state: { readonly numTensors: number; numBytes: number };
}

/** Looks at the bytes of all tensors while it is not disposed of. */
export interface ByteWatch extends Disposable {
  /** Now. */
  readonly bytes: number;
  /** Most since the watch began. */
  readonly peakBytes: number;
}

/** Tensors that are alive, variables too; 0 if tfjs is not loaded. */
export function liveTensors(): number {
  return engine()?.state.numTensors ?? 0;
}

/**
 * Frees the tensors that are made until the result is disposed of, across `await`, except variables and those that
 * are kept (`tf.keep`). Scopes end in the reverse order in which they began. Does nothing if tfjs is not loaded.
 *
 * @example
 * ```ts
 * import { liveTensors, tensorScope } from "./tensor_engine.ts";
 * import * as tf from "../../../core/deps/tfjs.ts";
 * import { assertEquals } from "../../../core/deps/assert.ts";
 *
 * await tf.setBackend("cpu");
 * const before = liveTensors();
 * {
 *   using _scope = tensorScope();
 *   tf.ones([2, 2]);
 *   await Promise.resolve();
 *   assertEquals(liveTensors(), before + 1);
 * }
 * assertEquals(liveTensors(), before);
 * ```
 */
export function tensorScope(): Disposable {
  const running = engine();
  running?.startScope();
  return { [Symbol.dispose]: () => running?.endScope() };
}

/**
 * Watches the number of bytes that all tensors of this thread have, views counted as copies. It is tfjs' own counter,
 * with an ear on it: `tf.profile` sees the counter only between operations, and makes each of them slower.
 *
 * @example
 * ```ts
 * import { watchBytes } from "./tensor_engine.ts";
 * import * as tf from "../../../core/deps/tfjs.ts";
 * import { assertEquals } from "../../../core/deps/assert.ts";
 *
 * await tf.setBackend("cpu");
 * using watch = watchBytes();
 * const before = watch.bytes;
 * tf.dispose([tf.ones([256]), tf.ones([256])]); // 4 bytes each
 * assertEquals([watch.peakBytes - before, watch.bytes - before], [2_048, 0]);
 * ```
 */
export function watchBytes(): ByteWatch {
  const state = engine()?.state ?? { numBytes: 0 };
  let bytes = state.numBytes;
  let peakBytes = bytes;
  Object.defineProperty(state, "numBytes", {
    ...{ configurable: true, enumerable: true },
    get: () => bytes,
    set: (next: number) => peakBytes = Math.max(peakBytes, bytes = next),
  });
  return {
    get bytes() {
      return bytes;
    },
    get peakBytes() {
      return peakBytes;
    },
    [Symbol.dispose]: () => {
      const value = { value: bytes, writable: true, configurable: true, enumerable: true };
      Object.defineProperty(state, "numBytes", value);
    },
  };
}

function engine(): Engine | undefined {
  return Reflect.get(globalThis, "_tfengine") as Engine | undefined;
}
