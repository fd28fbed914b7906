import { assert, assertEquals } from "../deps/assert.ts";
import * as tf from "../deps/tfjs.ts";
import { BACKENDS } from "../../tests/fixtures/backends.ts";
import { BertEncoder } from "../bert/model.ts";
import { bertConfig } from "../bert/config.ts";
import { type Backend, startBackend } from "./backend.ts";
import { boundPool } from "./pool.ts";
import { Tape } from "./tape.ts";

const MIB = 2 ** 20;

Deno.test("boundPool() keeps the memory of 60 sequence lengths near that of the longest", async () => {
  using backend = await webgpu();
  if (!backend) return;
  boundPool(tf.backend(), { slackBytes: MIB, factor: 3 });
  const config = bertConfig("tiny", { vocabSize: 100, hiddenSize: 32, intermediateSize: 64 });
  using encoder = BertEncoder.create(config, 1);
  const longest = await bytesAfter(encoder, 124);

  let last = 0;
  for (let length = 65; length < 125; length++) last = await bytesAfter(encoder, length);

  assert(last < 4 * longest, `${last} bytes, and ${longest} of the longest alone`);
  backend.check();
});

Deno.test("boundPool() lets a few lengths in turn keep their buffers", async () => {
  using backend = await webgpu();
  if (!backend) return;
  boundPool(tf.backend(), { slackBytes: MIB, factor: 3 });
  const config = bertConfig("tiny", { vocabSize: 100, hiddenSize: 32, intermediateSize: 64 });
  using encoder = BertEncoder.create(config, 1);
  let first = 0;
  for (const length of [128, 96, 64, 32]) first = await bytesAfter(encoder, length);

  for (const length of [32, 128, 64, 96, 32, 128]) assertEquals(await bytesAfter(encoder, length), first);
  backend.check();
});

Deno.test("boundPool() frees what is left of a large computation once small ones follow", async () => {
  using backend = await webgpu();
  if (!backend) return;
  boundPool(tf.backend(), { slackBytes: MIB, factor: 3, window: 16 });
  const compute = async (count: number): Promise<number> => {
    const result = tf.tidy(() => tf.sum(tf.mul(tf.ones([count]), 2)));
    assertEquals((await result.data())[0], 2 * count);
    result.dispose();
    return allocatedBytes();
  };

  const atFirst = await compute(8 * MIB);
  let then = atFirst;
  for (let round = 0; round < 40; round++) then = await compute(1_000);

  assert(atFirst >= 32 * MIB, `${atFirst}`);
  assert(then <= MIB, `${then}`);
  backend.check();
});

/** Memory of the backend after a forward and a backward pass. */
async function bytesAfter(encoder: BertEncoder, length: number): Promise<number> {
  const batch = 4;
  const ids = Int32Array.from({ length: batch * length }, (_, index) => index % 100);
  const mask = new Float32Array(batch * length).fill(1);
  using tape = new Tape();
  const hidden = encoder.forward({ batch, length, ids, mask });
  const gradients = tape.gradients(hidden, undefined, [...encoder.parameters.values()]) as tf.Tensor[];
  const read = await gradients[0]!.data();
  assert(read.every((value) => Number.isFinite(value)));
  tf.dispose([hidden, ...gradients]);
  return allocatedBytes();
}

function allocatedBytes(): number {
  const { bufferManager } = tf.backend() as unknown as { bufferManager: { numBytesAllocated: number } };
  return bufferManager.numBytesAllocated;
}

/** The GPU, software or not; none where there is no adapter. */
function webgpu(): Promise<Backend | undefined> {
  return BACKENDS.includes("webgpu") ? startBackend("webgpu") : Promise.resolve(undefined);
}
