import { TINY, trainedLikeWeights } from "../../tests/fixtures/tiny_bert.ts";
import { BertEncoder } from "../bert/model.ts";
import { parameterShapes } from "../bert/parameters.ts";
import { BertTokenizer } from "../bert/tokenizer.ts";
import { SPECIAL_TOKENS } from "../bert/vocabulary.ts";
import { assertEquals, assertLess, assertRejects } from "../deps/assert.ts";
import { startBackend } from "../tensor/backend.ts";
import { Random } from "../tensor/random.ts";
import { KBertError } from "../wall/errors.ts";
import type { HostTensor } from "../wall/tensor.ts";
import type { WireValue } from "../wall/values.ts";
import { loadLatestCheckpoint } from "./checkpoint.ts";
import { CheckpointKeeper, type KeptParts } from "./checkpoint_keeper.ts";
import type { Example } from "./examples.ts";
import { HeadClient } from "./head_client.ts";
import { Trainer } from "./trainer.ts";

const CONFIG = { ...TINY, vocabSize: 100, dropout: 0.1 };
const WORDS = "embeddings.word_embeddings.weight";
/** One piece, three shards with an uneven last one, and two; rows have 64 bytes. */
const [WHOLE, THREE, TWO] = [Infinity, 64 * 40, 64 * 50];

/** A head without parameters whose loss is a weighted sum of what it reads. */
function call(method: string, args: readonly WireValue[]): Promise<WireValue> {
  if (method === "describe") return Promise.resolve({ reads: "cls", task: "classification" });
  if (method === "state") return Promise.resolve({ parameters: {}, moments: {}, updates: 0 });
  if (method !== "step") return Promise.resolve(null);
  const { data, shape } = args[0] as HostTensor;
  const slope = Float32Array.from(data, (_, at) => Math.sin(at));
  const rows = shape[0]!;
  return Promise.resolve({
    loss: slope.reduce((sum, one, at) => sum + one * data[at]!, 0),
    squaredGradientNorm: 0,
    logits: { dtype: "float32", shape: [rows, 2], data: new Float32Array(2 * rows) },
    metrics: {},
    hiddenGradient: { dtype: "float32", shape, data: slope },
  });
}

interface Training {
  readonly encoder: BertEncoder;
  readonly trainer: Trainer;
  readonly keeper: CheckpointKeeper;
}

/** The same model in every call, whatever the limit; it goes with the stack. */
async function trainingIn(
  stack: DisposableStack,
  folder: string,
  limitBytes: number,
  maxGradientNorm: number,
): Promise<Training> {
  const backend = stack.use(await startBackend("wasm"));
  const weights = trainedLikeWeights(CONFIG, 7);
  const encoder = stack.use(BertEncoder.fromWeights(CONFIG, weights, "weights", { limitBytes }));
  const words = Array.from({ length: CONFIG.vocabSize - SPECIAL_TOKENS.length }, (_, at) => `w${at}`);
  const tokenizer = new BertTokenizer([...SPECIAL_TOKENS, ...words], { maxLength: 16, buckets: [16] });
  const parts = { encoder, tokenizer, backend, head: await HeadClient.connect({ name: "sum", call }, 2) };
  const trainer = stack.use(
    new Trainer(parts, {
      ...{ seed: 5, labels: 2, batchSize: 4, weightDecay: 0.05, maxGradientNorm },
      ...{ learningRate: 2e-3, totalSteps: 10, warmupShare: 0.2 },
    }),
  );
  // As much of a run as the keeper looks at.
  const run = { checkpoints: folder, path: folder, configHash: "c0ffee" };
  const kept = { ...parts, run, config: { seed: 5 }, plugins: [], source: { stepsPerEpoch: 3 } };
  const keeper = new CheckpointKeeper(kept as unknown as KeptParts, trainer, () => Promise.resolve({}));
  return { encoder, trainer, keeper };
}

/** Four texts with ids of the whole table. */
function batchOf(step: number): Example[] {
  const random = Random.at(step, 1);
  return Array.from({ length: 4 }, () => ({
    ids: Int32Array.from({ length: 9 }, () => random.below(CONFIG.vocabSize)),
    truncated: 0,
    label: 0,
  }));
}

async function losses({ trainer }: Training, first: number, last: number): Promise<number[]> {
  const losses: number[] = [];
  for (let step = first; step <= last; step++) losses.push((await trainer.trainStep(batchOf(step))).loss);
  return losses;
}

Deno.test("Trainer clips a table in shards by the norm of the whole", async () => {
  using stack = new DisposableStack();
  const whole = await trainingIn(stack, "", WHOLE, 0.5);
  const cut = await trainingIn(stack, "", THREE, 0.5);

  for (let step = 1; step <= 5; step++) {
    const expected = await whole.trainer.trainStep(batchOf(step));
    const actual = await cut.trainer.trainStep(batchOf(step));

    // The squares are added in another order, so the scale differs by a few roundings, and then all weights do.
    assertLess(0.5, expected.gradientNorm);
    assertLess(Math.abs(actual.gradientNorm / expected.gradientNorm - 1), 1e-6);
    assertLess(Math.abs(actual.loss - expected.loss), 1e-4);
  }
});

for (
  const [from, to, which] of [
    [THREE, WHOLE, "three shards in one piece"],
    [WHOLE, THREE, "one piece in three shards"],
    [THREE, TWO, "three shards in two"],
  ] as const
) {
  Deno.test(`CheckpointKeeper brings back a table of ${which}, and the run goes on to the last bit`, async () => {
    const folder = await Deno.makeTempDir();
    try {
      using stack = new DisposableStack();
      const before = await trainingIn(stack, folder, from, 1e9);
      await losses(before, 1, 3);
      await before.keeper.save();
      const expected = await losses(before, 4, 5);

      const checkpoint = await loadLatestCheckpoint(folder);
      const after = await trainingIn(stack, folder, to, 1e9);
      await after.keeper.restore(checkpoint!);

      assertEquals(await losses(after, 4, 5), expected);
      assertEquals(await after.encoder.weights(), await before.encoder.weights());
      const moments = await before.trainer.state();
      assertEquals(
        after.encoder.joined(await after.trainer.state()),
        before.encoder.joined(moments),
      );
      // Names and shapes in files are those of a table in one piece.
      const shapes = [...parameterShapes(CONFIG)];
      const { encoder, "encoder-moments": saved } = checkpoint!.groups;
      assertEquals(shapesIn(encoder!), new Map(shapes));
      assertEquals(
        shapesIn(saved!),
        new Map(shapes.flatMap(([name, shape]) => [[`${name}.first`, shape], [`${name}.second`, shape]])),
      );
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}

Deno.test("CheckpointKeeper refuses moments of a table of another size", async () => {
  const folder = await Deno.makeTempDir();
  try {
    using stack = new DisposableStack();
    const { keeper } = await trainingIn(stack, folder, THREE, 1e9);
    await keeper.save();
    const checkpoint = (await loadLatestCheckpoint(folder))!;
    const moments = new Map(checkpoint.groups["encoder-moments"]);
    moments.set(`${WORDS}.first`, { dtype: "float32", shape: [34, 16], data: new Float32Array(34 * 16) });

    const groups = { ...checkpoint.groups, "encoder-moments": moments };
    const error = await assertRejects(() => keeper.restore({ ...checkpoint, groups }), KBertError);

    assertEquals([error.code, error.detail], ["weights/invalid", { file: `${WORDS}.first` }]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

function shapesIn(tensors: ReadonlyMap<string, HostTensor>): Map<string, readonly number[]> {
  return new Map([...tensors].map(([name, { shape }]) => [name, shape]));
}
