/**
 * The part of tfjs' webgpu backend that programs of our own work with, and three hooks in it.
 *
 * Semi-private, pinned with tfjs. The hooks are on the backend that is handed in, not on its class: another
 * backend starts without them, and what they remember goes with the backend.
 *
 * @module
 */
import type * as tf from "../../../deps/tfjs.ts";

/** Numbers of a tensor, on either side. */
export interface TensorData {
  /** Of the numbers in the buffer; a cast from int32 leaves them as they are. */
  readonly dtype: tf.DataType;
  /** The buffer is somebody else's. */
  readonly external?: boolean;
  /** On the host, before the upload or after a read. */
  values: tf.DataValues | null;
  /** On the device, null before the upload. */
  resource: GPUBuffer | null;
}

/** What programs use of the backend. */
export interface WebGpuBackend {
  readonly device: GPUDevice;
  /** Looking up a tensor of another backend moves it to this one. */
  readonly tensorMap: { get(dataId: object): TensorData; has(dataId: object): boolean };
  /** What is used by commands that are not submitted; its memory is given back when they are. */
  readonly commandQueueOwnedIds: WeakSet<object>;
  commandEncoder: GPUCommandEncoder | null;
  computePassEncoder: GPUComputePassEncoder | null;
  dispatchCountInPass: number;
  ensureCommandEncoderReady(): void;
  endComputePassEncoder(): void;
  submitQueue(): void;
  recordAndSubmit(...call: unknown[]): void;
  read(dataId: object): Promise<tf.BackendValues>;
  /** Ends the open pass if there is something to copy. */
  uploadToGPU(dataId: object): void;
  refCount(dataId: object): number;
  incRef(dataId: object): void;
  /** Every tensor begins here, with or without numbers. */
  write(values: tf.BackendValues | null, shape: readonly number[], dtype: tf.DataType): object;
  makeTensorInfo(shape: readonly number[], dtype: tf.DataType, values?: tf.BackendValues): tf.TensorInfo;
  dispose(): void;
}

/** What somebody wants to hear of a backend. */
export interface BackendHooks {
  /** tfjs has put a dispatch of its own into the pass. */
  dispatched(): void;
  /** What was encoded is about to be submitted. */
  submitting(): void;
  disposed(): void;
}

/** Calls the hooks from now on. */
export function hookInto(backend: WebGpuBackend, hooks: BackendHooks): void {
  const { recordAndSubmit, submitQueue, dispose } = backend;
  backend.recordAndSubmit = (...call) => {
    hooks.dispatched();
    recordAndSubmit.apply(backend, call);
  };
  backend.submitQueue = () => {
    hooks.submitting();
    submitQueue.call(backend);
  };
  backend.dispose = () => {
    hooks.disposed();
    dispose.call(backend);
  };
}

/**
 * Lets tensors change in place. The backend keeps what it has read beside the buffer; it would give the old
 * numbers for ever, also if the change comes while the read is under way.
 *
 * @returns what has to be called with a tensor that is about to change
 */
export function forgetReads(backend: WebGpuBackend): (dataId: object) => void {
  const changes = new WeakMap<object, number>();
  const read = backend.read.bind(backend);
  backend.read = async (dataId) => {
    const before = changes.get(dataId);
    const values = await read(dataId);
    if (changes.get(dataId) !== before) backend.tensorMap.get(dataId).values = null;
    return values;
  };
  return (dataId) => {
    changes.set(dataId, (changes.get(dataId) ?? 0) + 1);
    backend.tensorMap.get(dataId).values = null;
  };
}
