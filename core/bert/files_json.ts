/**
 * The JSON documents of a model folder, those that are read and those that are written.
 *
 * A vocabulary is the list of its tokens everywhere else in k-bert; only `tokenizer.json` has it as a
 * table of ids, in no order, and with tokens that were added later apart from it.
 *
 * @module
 */

import { KBertError, messageOf } from "../wall/errors.ts";

/**
 * Parses a document whose root is an object.
 *
 * @param path the file's name, for error messages
 *
 * @throws {KBertError} `document/invalid` if it is something else.
 */
export function parseDocument(bytes: Uint8Array, path: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    throw invalid(path, "", `it is not JSON: ${messageOf(error)}`, error);
  }
  if (!isRecord(value)) throw invalid(path, "", "it is not a JSON object");
  return value;
}

/** A value as an indented document with a last line break. */
export function writeDocument(value: unknown): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`);
}

/**
 * The tokens of a `tokenizer.json`, the added ones included, each at the place of its id.
 *
 * @param path the file's name, for error messages
 *
 * @throws {KBertError} `document/invalid` if it is no WordPiece vocabulary, or the ids have gaps.
 * @example Ids, not the order of the file, give the order
 * ```ts
 * import { listTokens } from "./files_json.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * assertEquals(listTokens({ model: { vocab: { b: 1, a: 0 } } }, "tokenizer.json"), ["a", "b"]);
 * ```
 */
export function listTokens({ model, added_tokens: added }: Record<string, unknown>, path: string): string[] {
  const vocab = isRecord(model) ? model["vocab"] : undefined;
  if (!isRecord(vocab)) {
    throw invalid(path, "model.vocab", "there are no tokens with ids; only WordPiece can be used");
  }
  const ids = new Map(Object.entries(vocab));
  for (const token of Array.isArray(added) ? added : []) {
    if (isRecord(token) && typeof token["content"] === "string") ids.set(token["content"], token["id"]);
  }
  const tokens = new Map([...ids].map(([token, id]) => [id, token]));
  return Array.from({ length: ids.size }, (_, id) => {
    const token = tokens.get(id);
    if (token !== undefined) return token;
    throw invalid(
      path,
      "model.vocab",
      `none of the ${ids.size} tokens has the id ${id}; ids must go from 0 without a gap`,
    );
  });
}

/** The contents of `special_tokens_map.json`. */
export const SPECIAL_TOKENS_MAP = {
  cls_token: "[CLS]",
  mask_token: "[MASK]",
  pad_token: "[PAD]",
  sep_token: "[SEP]",
  unk_token: "[UNK]",
};

/**
 * The contents of `tokenizer_config.json`.
 *
 * @param config the contents of `config.json`
 * @param tokenizerJson the contents of `tokenizer.json`, or undefined for an uncased tokenizer
 */
export function tokenizerConfig(
  config: Record<string, unknown>,
  tokenizerJson: unknown,
): Record<string, unknown> {
  const normalizer = isRecord(tokenizerJson) ? tokenizerJson["normalizer"] : undefined;
  return {
    ...SPECIAL_TOKENS_MAP,
    do_lower_case: !isRecord(normalizer) || normalizer["lowercase"] !== false,
    model_max_length: config["max_position_embeddings"] ?? 512,
    tokenizer_class: "BertTokenizer",
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function invalid(file: string, path: string, message: string, cause?: unknown): KBertError {
  const [, line, column] = /line (\d+) column (\d+)/.exec(messageOf(cause)) ?? [];
  const problem = { line: Number(line ?? 1), column: Number(column ?? 1), path, message };
  return new KBertError(
    "document/invalid",
    `Cannot read ${file}: ${path === "" ? "" : `${path}: `}${message}; download or write the file again`,
    { file, problems: [problem] },
    { cause },
  );
}
