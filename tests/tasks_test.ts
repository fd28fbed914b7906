/**
 * Every task of a head, from examples to a model that answers: each is something that a few steps can learn.
 *
 * @module
 */
import { assert, assertEquals, assertGreater, assertLess } from "../core/deps/assert.ts";
import type { Task } from "../core/manifest/task.ts";
import { Random } from "../core/tensor/random.ts";
import { parseTrainingConfig } from "../core/train/config.ts";
import type { TrainingExample } from "../core/train/examples.ts";
import { createRuntime, formatResult, type Prediction, type RunResult } from "../mod.ts";
import { tinyYaml, withTempFolder } from "./fixtures/tiny_run.ts";

/** How good each word is. */
const GOODNESS: Readonly<Record<string, number>> = { awful: 0, poor: 1, fair: 2, good: 3, superb: 4 };
const WORDS = Object.keys(GOODNESS);
const FILLERS = ["the", "soup", "was", "today", "really"];

/** Texts with one word that says it all, among others that say nothing. */
function texts(count: number, seed: number): { words: string[]; goodness: number; hasSoup: boolean }[] {
  const random = Random.at(seed, 0x7a5c);
  return Array.from({ length: count }, () => {
    const key = WORDS[random.below(WORDS.length)]!;
    const words = Array.from({ length: 4 }, () => FILLERS[random.below(FILLERS.length)]!);
    words[random.below(4)] = key;
    return { words, goodness: GOODNESS[key]!, hasSoup: words.includes("soup") };
  });
}

interface Case {
  readonly labels: readonly string[];
  readonly example: (given: ReturnType<typeof texts>[number], index: number) => TrainingExample;
  /** A score, and what has to be reached or, for an error, stayed below. */
  readonly score: readonly [name: string, bound: number];
  readonly prediction: (prediction: Prediction) => void;
  readonly settings?: Record<string, unknown>;
}

const CASES: Readonly<Record<Task, Case>> = {
  classification: {
    labels: ["bad", "middling", "fine"],
    example: ({ words, goodness }) => ({
      text: words.join(" "),
      label: goodness < 2 ? 0 : goodness === 2 ? 1 : 2,
    }),
    score: ["accuracy", 0.9],
    prediction: ({ label, probabilities }) =>
      assertEquals([label, Object.keys(probabilities).length], ["fine", 3]),
  },
  multilabel: {
    labels: ["good", "soup"],
    example: ({ words, goodness, hasSoup }) => ({
      text: words.join(" "),
      labels: [...(goodness > 2 ? [0] : []), ...(hasSoup ? [1] : [])],
    }),
    score: ["f1", 0.85],
    prediction: ({ label }) => assert(label.split(", ").includes("soup"), label),
  },
  regression: {
    labels: ["stars"],
    example: ({ words, goodness }) => ({ text: words.join(" "), values: [goodness - 2] }),
    score: ["rmse", 0.7], // of a spread of 1.4
    prediction: ({ probabilities, probability }) => {
      assertGreater(probabilities["stars"]!, 0.8);
      assertEquals(probability, undefined);
    },
  },
  ordinal: {
    labels: WORDS,
    example: ({ words, goodness }) => ({ text: words.join(" "), label: goodness }),
    score: ["kappa", 0.7],
    prediction: ({ label }) => assert(["good", "superb"].includes(label), label),
  },
  ranking: {
    labels: ["goodness"],
    example: ({ words, goodness }, index) => {
      const other = WORDS[(goodness + 1 + index % 4) % 5]!;
      const lowerFirst = GOODNESS[other]! > goodness;
      const swapped = words.map((word) => word in GOODNESS ? other : word);
      const [text, lower] = lowerFirst ? [swapped, words] : [words, swapped];
      return { text: text.join(" "), lower: lower.join(" ") };
    },
    score: ["accuracy", 0.9],
    prediction: ({ probabilities }) => assert(Number.isFinite(probabilities["score"])),
  },
  tagging: {
    labels: ["O", "B-OPINION", "B-FOOD"],
    example: ({ words }) => ({
      words,
      tags: words.map((word) => word in GOODNESS ? 1 : word === "soup" ? 2 : 0),
    }),
    score: ["span_f1", 0.9],
    prediction: ({ tags, label }) => {
      assertEquals(tags?.map(({ word }) => word), ["the", "soup", "was", "superb"]);
      assertEquals(label, "O B-FOOD O B-OPINION");
    },
  },
};

for (const [task, { labels, example, score: [name, bound], prediction, settings }] of Object.entries(CASES)) {
  Deno.test(`fineTune() learns a ${task} task with the standard heads, and its model answers`, async () => {
    await using folder = await withTempFolder();
    const plugin = new URL("../plugins/heads", import.meta.url).pathname;
    const base = JSON.parse(
      tinyYaml(folder.path, { plugin, headSettings: { task, dropout_rate: 0, ...settings } }),
    );
    const config = parseTrainingConfig(
      JSON.stringify({
        ...base,
        model: { ...base.model, dropout: 0, hiddenSize: 32 },
        data: { ...base.data, validationShare: 0.1 },
        training: { ...base.training, epochs: 12, batchSize: 16, learningRate: 0.02 },
      }),
      "tasks.yaml",
    );
    await using runtime = await createRuntime({ log: () => {} });

    const outcome = await runtime.fineTune({
      ...{ config, labels },
      train: texts(160, 1).map(example),
      test: texts(40, 2).map(example),
    });

    assert(outcome.kind === "finished");
    const { result } = outcome;
    assertEquals([result.task, result.labels], [task as Task, labels]);
    if (name === "rmse") assertLess(result.scores[name]!, bound);
    else assertGreater(result.scores[name]!, bound, JSON.stringify(result.scores));
    assertEquals(JSON.parse(await Deno.readTextFile(`${outcome.run}/result.json`)) as RunResult, result);
    assert(formatResult(result).includes(result.scores[name]!.toFixed(4)) || task === "classification");
    await using model = await runtime.loadModel(outcome.run);
    const [found] = await model.predict(["the soup was superb"]);
    prediction(found!);
  });
}
