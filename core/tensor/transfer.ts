/**
 * Tensors between a backend and ordinary memory.
 *
 * @module
 */
import * as tf from "../deps/tfjs.ts";
import type { HostTensor } from "../wall/tensor.ts";
import { gpu } from "./kernels/webgpu/gpu.ts";
import { blockingReadsAreDecided, gatherReads, useBlockingReads } from "./readback.ts";

/** Numbers that are on their way at a time, in bytes: they are held twice. */
const MOST_BYTES = 2 ** 24;

/** A tensor on the current backend with these numbers; the caller disposes of it. */
export function upload({ data, shape, dtype }: HostTensor): tf.Tensor {
  return tf.tensor(data, [...shape], dtype);
}

/**
 * The numbers of a float32 tensor. Copied: tfjs may answer a view on its own memory, and what crosses the
 * wall is moved.
 *
 * @example There and back
 * ```ts
 * import { download, upload } from "./transfer.ts";
 * import * as tf from "../deps/tfjs.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * await tf.setBackend("cpu");
 * const host = { dtype: "float32", shape: [2], data: new Float32Array([1, 2]) } as const;
 * assertEquals(await download(upload(host)), host);
 * ```
 */
export async function download(tensor: tf.Tensor): Promise<HostTensor> {
  // Without a turn in between where it can be: what is read together is asked for at once.
  if (!readsAreReady()) await makeReadsReady();
  return { dtype: "float32", shape: tensor.shape, data: (await tensor.data()).slice() as Float32Array };
}

/** The same numbers, which stay when the tensor's memory is written to in place; the caller disposes of them. */
export function withOwnMemory(tensor: tf.Tensor): tf.Tensor {
  return tf.getBackend() === "webgpu" ? gpu().copy(tensor) : tf.clone(tensor); // elsewhere nothing is
}

/**
 * What `reads` asks for, with one wait for a GPU instead of one for each. Each of them has to ask for its numbers
 * before it awaits anything, as {@linkcode download}, `data()` of a tensor and `squaredNorm()` do.
 *
 * @returns what the promises come to, in their order
 *
 * @example A loss and its logits
 * ```ts
 * import { download, together } from "./transfer.ts";
 * import * as tf from "../deps/tfjs.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * await tf.setBackend("cpu");
 * const [loss, logits] = [tf.scalar(0.5), tf.tensor1d([1, 2])];
 * const [[value], { data }] = await together(() => [loss.data(), download(logits)]);
 * assertEquals([value, ...data], [0.5, 1, 2]);
 * ```
 */
export async function together<const Reads extends readonly unknown[]>(
  reads: () => Reads,
): Promise<{ -readonly [Index in keyof Reads]: Awaited<Reads[Index]> }> {
  if (!readsAreReady()) await makeReadsReady();
  return await Promise.all(gatherReads(tf.backend(), reads));
}

/**
 * The numbers of float32 tensors, copied as by {@linkcode download}. A GPU is waited for once for every 16 MiB, and
 * nothing may change the tensors meanwhile.
 *
 * @example
 * ```ts
 * import { downloadAll } from "./transfer.ts";
 * import * as tf from "../deps/tfjs.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * await tf.setBackend("cpu");
 * const [one, two] = await downloadAll([tf.scalar(1), tf.scalar(2)]);
 * assertEquals([...one!.data, ...two!.data], [1, 2]);
 * ```
 */
export async function downloadAll(tensors: readonly tf.Tensor[]): Promise<HostTensor[]> {
  const downloaded: HostTensor[] = [];
  for (let first = 0; first < tensors.length;) {
    let end = first;
    for (let bytes = 0; end < tensors.length; end++) {
      bytes += 4 * tensors[end]!.size;
      if (bytes > MOST_BYTES && end > first) break;
    }
    downloaded.push(...await together(() => tensors.slice(first, end).map(download)));
    first = end;
  }
  return downloaded;
}

/** As {@linkcode downloadAll}, by name. */
export async function downloadByName(
  tensors: ReadonlyMap<string, tf.Tensor>,
): Promise<Map<string, HostTensor>> {
  const downloaded = await downloadAll([...tensors.values()]);
  return new Map([...tensors.keys()].map((name, index) => [name, downloaded[index]!]));
}

/** Whether it is known how the current backend reads. */
function readsAreReady(): boolean {
  return tf.getBackend() !== "webgpu" || blockingReadsAreDecided(tf.backend());
}

async function makeReadsReady(): Promise<void> {
  await useBlockingReads(tf.backend());
}
