/**
 * Tensors in a test: a backend, a scope that frees what is made on the way, and random ones.
 *
 * A head's forward pass leaves tensors behind that only the runtime can free, as it does in a worker. In a test the
 * scope does, so what is left in the end was made to last: parameters, and what was kept.
 *
 * @module
 */
import type * as tf from "../../../core/deps/tfjs.ts";
import type { Backend, BackendName } from "../../../core/tensor/backend.ts";
import type { Random } from "../../../core/tensor/random.ts";
import { tensorScope } from "./tensor_engine.ts";

/** A started backend with a scope on it; made and ended by the test's case. */
export class TestTensors {
  readonly #tf: typeof tf;
  readonly #scope = tensorScope();

  private constructor(readonly backend: Backend, tfjs: typeof tf) {
    this.#tf = tfjs;
  }

  /**
   * Loads tfjs and starts a backend.
   *
   * @throws {KBertError} `backend/unavailable`
   */
  static async start(wanted: BackendName | "auto"): Promise<TestTensors> {
    const { startBackend } = await import("../../../core/tensor/backend.ts");
    const backend = await startBackend(wanted);
    return new TestTensors(backend, await import("../../../core/deps/tfjs.ts"));
  }

  /** Normally distributed numbers; the scope frees them. */
  random(shape: readonly number[], random: Random, deviation: number): tf.Tensor {
    const size = shape.reduce((product, dimension) => product * dimension, 1);
    const values = Float32Array.from({ length: size }, () => deviation * random.normal());
    return this.#tf.tensor(values, [...shape], "float32");
  }

  /** Frees what was made since the start; the backend goes on, so that one can look at what is left. */
  endScope(): void {
    this.#scope[Symbol.dispose]();
  }

  /** Ends the backend; what the device reported is thrown, because no number of it can be trusted then. */
  endBackend(): void {
    using backend = this.backend;
    backend.check();
  }
}
