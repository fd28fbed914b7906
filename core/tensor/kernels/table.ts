/**
 * The small table operation → backend → kernel. Where a backend has registered none, the composition
 * of composed.ts is used.
 *
 * @module
 */
import * as tf from "../../deps/tfjs.ts";
import { composed, type Operations } from "./composed.ts";

const backends = new Map<string, Partial<Operations>>();
let version = 0;

/** The kernel of the current backend, or the composition. */
export function kernelOf<Name extends keyof Operations>(name: Name): Operations[Name] {
  return backends.get(tf.getBackend())?.[name] ?? composed[name];
}

/** Sets all kernels of a backend; `{}` gives the compositions back. */
export function registerKernels(backend: string, kernels: Partial<Operations>): void {
  backends.set(backend, kernels);
  version++;
}

/** Another number whenever a kernel may be another one: what was made of them before is out of date. */
export function kernelsVersion(): number {
  return version;
}
