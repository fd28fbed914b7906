import { assertAlmostEquals, assertEquals } from "../deps/assert.ts";
import { BertTokenizer } from "../bert/tokenizer.ts";
import { SPECIAL_TOKENS } from "../bert/vocabulary.ts";
import { BertEncoder } from "../bert/model.ts";
import { bertConfig } from "../bert/config.ts";
import { type Backend, startBackend } from "../tensor/backend.ts";
import type { HostTensor } from "../wall/tensor.ts";
import type { WireValue } from "../wall/values.ts";
import { fakeRunPlugin } from "../../tests/fixtures/run_plugin.ts";
import { Augmentation } from "./augmentation.ts";
import { evaluate, evaluateAugmented } from "./evaluation.ts";
import { encodeExample, type TrainingExample } from "./examples.ts";
import { HeadClient } from "./head_client.ts";
import type { ModelParts } from "./inference.ts";
import { FailureCounts } from "./run_plugin.ts";

const TOKENIZER = new BertTokenizer([...SPECIAL_TOKENS, "one", "two", "three"], {
  maxLength: 8,
  buckets: [4, 8],
});
const GIVEN: readonly TrainingExample[] = [
  { text: "one", label: 0 },
  { text: "one two three", label: 1 },
  { text: "two", label: 1 },
];
const EXAMPLES = GIVEN.map((one) => encodeExample(one, TOKENIZER, 2));

/** A head that says the logits of the test, one after the other, whatever it is sent; its loss is the row count. */
async function partsOf(
  stack: AsyncDisposableStack,
  answers: readonly (readonly number[])[],
): Promise<ModelParts> {
  const backend: Backend = stack.use(await startBackend("cpu"));
  const encoder = stack.use(
    BertEncoder.create(
      bertConfig("tiny", { vocabSize: 8, hiddenSize: 8, layers: 1, heads: 2, intermediateSize: 8 }),
      1,
    ),
  );
  const waiting = [...answers];
  const call = (method: string, args: readonly WireValue[]): Promise<WireValue> => {
    if (method === "describe") return Promise.resolve({ reads: "cls", task: "classification" });
    const [rows] = (args[0] as HostTensor).shape as [number];
    const data = Float32Array.from(waiting.splice(0, rows).flat());
    return Promise.resolve({ loss: rows, logits: { dtype: "float32", shape: [rows, 2], data }, metrics: {} });
  };
  return {
    backend,
    encoder,
    tokenizer: TOKENIZER,
    head: await HeadClient.connect({ name: "sayer", call }, 2),
  };
}

Deno.test("evaluate() weighs the losses of batches by their examples, and gives logits in the given order", async () => {
  await using stack = new AsyncDisposableStack();
  // By length: the first and the third example, then the second.
  const parts = await partsOf(stack, [[1, 0], [3, 0], [0, 2]]);

  const { loss, logits, scores } = await evaluate(parts, EXAMPLES, ["a", "b"], 2);

  assertAlmostEquals(loss, (2 * 2 + 1 * 1) / 3);
  assertEquals(logits.map((one) => [...one]), [[1, 0], [0, 2], [3, 0]]);
  assertAlmostEquals(scores["accuracy"]!, 2 / 3);
});

Deno.test("evaluateAugmented() averages probabilities: one copy that is sure does not outvote two that lean", async () => {
  await using stack = new AsyncDisposableStack();
  // Of the first text: 0.55, 0.55 and 0.01 for its label are 0.37; of logits, and of votes, it would be otherwise.
  const logit = (share: number): number => Math.log(share / (1 - share));
  const plain = [[logit(0.55), 0], [0, 5], [0, 5]];
  const copies = [[[logit(0.55), 0], [0, 5], [0, 5]], [[logit(0.01), 0], [0, 5], [0, 5]]];
  const parts = await partsOf(stack, [
    plain[0]!,
    plain[2]!,
    plain[1]!,
    ...copies.flatMap(([a, b, c]) => [a!, c!, b!]),
  ]);
  const rounds: WireValue[] = [];
  const plugin = fakeRunPlugin("same", {
    augment: ([texts, options]) => {
      rounds.push((options as { seeds: number[] }).seeds);
      return texts!;
    },
  });
  const augmentation = new Augmentation([{ plugin, onFailure: "abort" }], 1, () => {});
  const { signal } = new AbortController();

  const evaluation = await evaluate(parts, EXAMPLES, ["a", "b"], 2);
  const scores = await evaluateAugmented(parts, GIVEN, evaluation, augmentation, {
    ...{ labels: ["a", "b"], batchSize: 2, copies: 2, failures: new FailureCounts(), signal },
  });

  assertEquals([evaluation.scores["accuracy"], scores["accuracy"]], [1, 2 / 3]);
  assertEquals(rounds.length, 2);
  assertEquals(new Set(rounds.map((seeds) => JSON.stringify(seeds))).size, 2); // each copy is another
});
