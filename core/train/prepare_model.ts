/**
 * The tokenizer and the encoder that a run starts with.
 *
 * From scratch the vocabulary is learned from the training texts, once: it is part of the run's folder, and
 * a resumed run reads it there. From a published checkpoint both come from its folder.
 *
 * @module
 */
import { bertConfig, configFromFile } from "../bert/config.ts";
import { readModelFolder } from "../bert/files.ts";
import { BertEncoder } from "../bert/model.ts";
import { BertTokenizer } from "../bert/tokenizer.ts";
import { learnVocabulary } from "../bert/vocabulary.ts";
import type { TrainingConfig } from "./config.ts";
import { writeFileAtomically } from "./durable.ts";
import type { Run } from "./run.ts";
import type { LabelledText } from "./split.ts";

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
  train: readonly LabelledText[],
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
  const { size, layers, hiddenSize, heads, intermediateSize, dropout } = model;
  const overrides = Object.entries({ layers, hiddenSize, heads, intermediateSize, dropout })
    .filter(([, value]) => value !== undefined);
  const bert = bertConfig(size, { vocabSize: vocabulary.length, ...Object.fromEntries(overrides) });
  return { tokenizer: new BertTokenizer(vocabulary, data), encoder: BertEncoder.create(bert, seed) };
}

async function vocabularyOf(
  run: Run,
  size: number,
  train: readonly LabelledText[],
  note: (line: string) => void,
): Promise<string[]> {
  const path = `${run.path}/vocab.txt`;
  const saved = await Deno.readTextFile(path).catch(() => undefined);
  if (saved !== undefined) return saved.trimEnd().split("\n");
  const vocabulary = learnVocabulary(train.map(({ text }) => text.slice(0, MAX_CHARACTERS)), {
    size,
    minFrequency: 5,
    maxCharacters: 100,
  });
  await writeFileAtomically(path, new TextEncoder().encode(`${vocabulary.join("\n")}\n`));
  note(`Learned a vocabulary of ${vocabulary.length} tokens from ${train.length} texts`);
  return vocabulary;
}
