/**
 * A head that is reloaded in the middle of its training, against one that is not: every answer is to be the same to
 * the last bit.
 *
 * @module
 */
import { assertEquals } from "../../core/deps/assert.ts";
import { Random } from "../../core/tensor/random.ts";
import type { HostTensor, Plugin, Runtime } from "../../mod.ts";

const HIDDEN = 8;
const LABELS = 3;
const BATCH = 4;
/** Micro-batches of a step. */
const PARTS = 2;
const SETTINGS = { hidden_size: HIDDEN, num_labels: LABELS, dropout_rate: 0.2 };

/** What came of it. */
export interface HeadStorm {
  readonly reloads: number;
  readonly steps: number;
  readonly longestPauseMs: number;
  /** Tensors in the head's realm, during a micro-batch with and without gradients from the one before. */
  readonly tensors: readonly number[];
}

/** Trains in a worker, step after step, until it was reloaded so often. */
export async function stormHead(
  runtime: Runtime,
  folder: string,
  { reloads, seed }: { readonly reloads: number; readonly seed: number },
): Promise<HeadStorm> {
  const random = new Random(seed);
  const use = { port: "head", tier: "worker", seed, settings: SETTINGS } as const;
  saveHead(folder, 0);
  const image = await runtime.plugins.vet(folder);
  await using stormy = await runtime.plugins.start(folder, use);
  await using calm = await runtime.plugins.start(image, { ...use, as: "calm" });
  const answers: unknown[] = [];
  let longestPauseMs = 0;
  let done = 0;
  let reloading: Promise<void> | undefined;
  let step = 0;
  for (; done < reloads || reloading; step++) {
    if (done < reloads && !reloading && random.uniform() < 0.5) {
      saveHead(folder, ++done);
      reloading = runtime.plugins.reload(stormy.name).then((result) => {
        assertEquals(result.kind, "reloaded");
        if (result.kind === "reloaded") longestPauseMs = Math.max(longestPauseMs, result.pauseMs);
      }).finally(() => reloading = undefined);
      reloading.catch(() => {}); // is heard of by the next who waits for it
    }
    answers.push(await trained(stormy, step));
    if (done === reloads) await reloading;
  }
  const undisturbed: unknown[] = [];
  for (let index = 0; index < step; index++) undisturbed.push(await trained(calm, index));
  assertEquals(answers, undisturbed);
  assertEquals(await stormy.call("state", []), await calm.call("state", []));
  const tensors = (answers.at(-1) as { metrics: { tensors: number } }[]).map(({ metrics }) =>
    metrics.tensors
  );
  return { reloads: done, steps: step, longestPauseMs, tensors };
}

/** One step: the answers of its micro-batches. What they are made of follows from its number. */
async function trained(head: Plugin<"head">, step: number): Promise<unknown[]> {
  const answers: unknown[] = [];
  for (let part = 0; part < PARTS; part++) {
    const random = Random.at(11, step, part);
    const hidden: HostTensor = {
      ...{ dtype: "float32", shape: [BATCH, HIDDEN] },
      data: Float32Array.from({ length: BATCH * HIDDEN }, () => random.normal()),
    };
    const labels: HostTensor = {
      ...{ dtype: "int32", shape: [BATCH] },
      data: Int32Array.from({ length: BATCH }, () => random.below(LABELS)),
    };
    const options = { step: step * PARTS + part, weight: 1 / PARTS };
    answers.push(await head.methods().step(hidden, labels, options));
  }
  await head.methods().apply({ learningRate: 1e-2, scale: 1, weightDecay: 0.01 });
  return answers;
}

/** Each version is the same head with another number. */
function saveHead(folder: string, version: number): void {
  Deno.writeTextFileSync(
    `${folder}/plugin.yaml`,
    `name: storm_head
version: 1.0.0
description: A head of two layers
author: The k-bert authors
license: MIT
entry_points:
  head: main:StormHead
`,
  );
  Deno.writeTextFileSync(
    `${folder}/main.ts`,
    `import { HeadPort, tf } from "k-bert/sdk/tensors";

export const VERSION = ${version};

export class StormHead extends HeadPort {
  readonly #body = this.layers.linear("body", this.config.hidden_size, 16);
  readonly #dropout = this.layers.dropout(this.config.dropout_rate);
  readonly #classifier = this.layers.linear("classifier", 16, this.config.num_labels);

  override forward(hiddenStates: tf.Tensor): tf.Tensor {
    return this.#classifier.apply(this.#dropout.apply(tf.tanh(this.#body.apply(hiddenStates))));
  }

  override measure(): Record<string, number> {
    const { numTensors, numBytes } = tf.memory();
    return { tensors: numTensors, bytes: numBytes };
  }
}
`,
  );
}
