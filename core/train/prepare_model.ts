/**
 * The tokenizer and the encoder that a run starts with.
 *
 * From scratch the vocabulary is learned from the training texts, once: it is part of the run's folder, and
 * a resumed run reads it there. From a published checkpoint both come from its folder.
 *
 * @module
 */
import { type BertConfig, bertConfig, configFromFile } from "../bert/config.ts";
import { readModelFolder } from "../bert/files.ts";
import { BertEncoder } from "../bert/model.ts";
import { BertTokenizer } from "../bert/tokenizer.ts";
import { learnVocabulary } from "../bert/vocabulary.ts";
import type { TrainingConfig } from "./config.ts";
import { writeFileAtomically } from "./durable.ts";
import type { Run } from "./run.ts";
import type { TrainingExample } from "./examples.ts";

/** What {@linkcode prepareModel} makes; the encoder is the caller's to dispose of. */
export interface PreparedModel {
  readonly tokenizer: BertTokenizer;
  readonly encoder: BertEncoder;
}

/** Characters of a text that the vocabulary is learned from; a few e-mails are longer than all others. */
const MAX_CHARACTERS = 5_000;

/** Makes or reads the tokenizer and the encoder of a run. */
export async function prepareModel(
  run: Run,
  config: TrainingConfig,
  train: readonly TrainingExample[],
  note: (line: string) => void,
): Promise<PreparedModel> {
  const { model, data, seed } = config;
  if (model.from !== undefined) {
    const files = await readModelFolder(model.from);
    const bert = { ...configFromFile(files.config, `${model.from}/config.json`), dropout: model.dropout };
    note(`The encoder and its vocabulary of ${files.vocabulary.length} tokens are from ${model.from}`);
    return {
      tokenizer: new BertTokenizer(files.vocabulary, data),
      encoder: BertEncoder.fromWeights(bert, files.weights, `${model.from}/model.safetensors`),
    };
  }
  const vocabulary = await vocabularyOf(run, model.vocabularySize, train, note);
  const bert = bertConfig(model.size, { vocabSize: vocabulary.length, ...overridesOf(model) });
  return { tokenizer: new BertTokenizer(vocabulary, data), encoder: BertEncoder.create(bert, seed) };
}

/**
 * The width of the hidden states that an encoder of these settings will have: a head needs it before the encoder
 * is there, so that a mistake in its settings costs no time.
 *
 * @throws {KBertError} `file/unusable` if the checkpoint to start from cannot be read
 */
export async function encoderWidth({ model }: TrainingConfig): Promise<number> {
  if (model.from === undefined) {
    return bertConfig(model.size, { vocabSize: model.vocabularySize, ...overridesOf(model) }).hiddenSize;
  }
  const path = `${model.from}/config.json`;
  return configFromFile((await readModelFolder(model.from)).config, path).hiddenSize;
}

function overridesOf(
  { layers, hiddenSize, heads, intermediateSize, dropout }: TrainingConfig["model"],
): Partial<BertConfig> {
  const settings = Object.entries({ layers, hiddenSize, heads, intermediateSize, dropout });
  return Object.fromEntries(settings.filter(([, value]) => value !== undefined));
}

/** All that there is to read in an example. */
function textsIn(example: TrainingExample): string[] {
  if ("words" in example) return [example.words.join(" ")];
  return "lower" in example ? [example.text, example.lower] : [example.text];
}

async function vocabularyOf(
  run: Run,
  size: number,
  train: readonly TrainingExample[],
  note: (line: string) => void,
): Promise<string[]> {
  const path = `${run.path}/vocab.txt`;
  const saved = await Deno.readTextFile(path).catch(() => undefined);
  if (saved !== undefined) return saved.trimEnd().split("\n");
  const vocabulary = learnVocabulary(train.flatMap(textsIn).map((text) => text.slice(0, MAX_CHARACTERS)), {
    size,
    minFrequency: 5,
    maxCharacters: 100,
  });
  await writeFileAtomically(path, new TextEncoder().encode(`${vocabulary.join("\n")}\n`));
  note(`Learned a vocabulary of ${vocabulary.length} tokens from ${train.length} texts`);
  return vocabulary;
}
