import { assert, assertEquals, assertRejects, assertStringIncludes } from "../deps/assert.ts";
import { KBertError } from "../wall/errors.ts";
import type { HostTensor } from "../wall/tensor.ts";
import { canonicalKey, type ModelFiles, readModelFolder, writeModelFolder } from "./files.ts";
import { readSafetensors, writeSafetensors } from "./safetensors.ts";

const CONFIG = { model_type: "bert", hidden_size: 2, max_position_embeddings: 64 };
const VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "12", "##é", "constructor"];

/** The files of a published classifier of 2019: old names, a prefix, two heads. */
const OLD_WEIGHTS = new Map<string, HostTensor>([
  ["bert.embeddings.word_embeddings.weight", float([2, 2], 1, 2, 3, 4)],
  ["bert.embeddings.LayerNorm.gamma", float([2], 5, 6)],
  ["bert.encoder.layer.0.attention.output.LayerNorm.beta", float([2], 7, 8)],
  ["cls.predictions.transform.LayerNorm.gamma", float([2], 9, 10)],
  ["classifier.bias", float([1], 11)],
]);

Deno.test("readModelFolder() reads an old checkpoint with a head under today's names", async () => {
  await using folder = await TestFolder.make({
    "config.json": JSON.stringify(CONFIG),
    "vocab.txt": VOCABULARY.join("\n") + "\n",
    "model.safetensors": writeSafetensors(OLD_WEIGHTS, { format: "pt" }),
  });

  const { config, vocabulary, weights } = await readModelFolder(folder.path);

  assertEquals(config, CONFIG);
  assertEquals(vocabulary, VOCABULARY);
  assertEquals(
    weights,
    new Map([
      ["embeddings.word_embeddings.weight", float([2, 2], 1, 2, 3, 4)],
      ["embeddings.LayerNorm.weight", float([2], 5, 6)],
      ["encoder.layer.0.attention.output.LayerNorm.bias", float([2], 7, 8)],
      ["cls.predictions.transform.LayerNorm.weight", float([2], 9, 10)],
      ["classifier.bias", float([1], 11)],
    ]),
  );
});

Deno.test("readModelFolder() takes the vocabulary from tokenizer.json where there is no vocab.txt", async () => {
  const vocab = Object.fromEntries(VOCABULARY.map((token, id) => [token, id]).toReversed());
  const added = [{ id: 0, content: "[PAD]", special: true }, { id: VOCABULARY.length, content: "<url>" }];
  await using folder = await TestFolder.make({
    ...minimal(),
    "tokenizer.json": JSON.stringify({ model: { type: "WordPiece", vocab }, added_tokens: added }),
  });

  assertEquals((await readModelFolder(folder.path)).vocabulary, [...VOCABULARY, "<url>"]);
});

Deno.test("readModelFolder() counts empty lines of vocab.txt and knows Windows's line ends", async () => {
  await using folder = await TestFolder.make({ ...minimal(), "vocab.txt": "a\r\n\r\nb\r\n" });

  assertEquals((await readModelFolder(folder.path)).vocabulary, ["a", "", "b"]);
});

Deno.test("readModelFolder() says which file is missing and which are expected", async () => {
  const complete = { ...minimal(), "vocab.txt": "a\n" };
  for (const name of ["config.json", "model.safetensors", "vocab.txt"] as const) {
    const { [name]: _, ...others } = complete;
    await using folder = await TestFolder.make(others);

    const error = await assertRejects(() => readModelFolder(folder.path), KBertError);

    const path = `${folder.path}/${name === "vocab.txt" ? "tokenizer.json" : name}`;
    assertEquals([error.code, error.detail], ["file/unusable", { path }]);
    assertStringIncludes(error.message, `${path}: it is missing`);
    assertStringIncludes(
      error.message,
      "has config.json, model.safetensors, and vocab.txt or tokenizer.json",
    );
  }
});

Deno.test("readModelFolder() refuses a file that is too large without reading it", async () => {
  const most = { "config.json": 1e6, "vocab.txt": 2e7, "tokenizer.json": 5e7, "model.safetensors": 2e9 };
  for (const [name, limit] of Object.entries(most)) {
    const { "vocab.txt": vocab, ...others } = { ...minimal(), "vocab.txt": "a\n" };
    await using folder = await TestFolder.make(
      name === "tokenizer.json" ? { ...others, [name]: "" } : { ...others, "vocab.txt": vocab },
    );
    await Deno.truncate(`${folder.path}/${name}`, limit + 1); // a hole, which takes no place on the disk

    const error = await assertRejects(() => readModelFolder(folder.path), KBertError);

    assertEquals([error.code, error.detail], ["file/unusable", { path: `${folder.path}/${name}` }]);
    assertStringIncludes(error.message, `it has ${limit + 1} bytes and at most ${limit} are read`);
  }
});

Deno.test("readModelFolder() refuses documents that are not what they should be", async () => {
  const cases: [files: Record<string, string>, code: string, message: string][] = [
    [{ "config.json": '{"a": 1,}' }, "document/invalid", "config.json: it is not JSON"],
    [{ "config.json": "[1]" }, "document/invalid", "config.json: it is not a JSON object"],
    [{ "tokenizer.json": "{}" }, "document/invalid", "model.vocab: there are no tokens with ids"],
    [
      { "tokenizer.json": '{"model":{"vocab":[["a",-1]]}}' },
      "document/invalid",
      "only WordPiece can be used",
    ],
    [{ "tokenizer.json": '{"model":{"vocab":{"a":0,"b":2}}}' }, "document/invalid", "has the id 1"],
    [{ "tokenizer.json": '{"model":{"vocab":{"a":0,"b":0}}}' }, "document/invalid", "has the id 1"],
    [{ "tokenizer.json": '{"model":{"vocab":{"a":"0"}}}' }, "document/invalid", "has the id 0"],
    [{ "model.safetensors": "text" }, "weights/invalid", "model.safetensors: it has 4 bytes"],
  ];
  for (const [files, code, message] of cases) {
    const vocabulary = "tokenizer.json" in files ? {} : { "vocab.txt": "a\n" };
    await using folder = await TestFolder.make({ ...minimal(), ...vocabulary, ...files });

    const error = await assertRejects(() => readModelFolder(folder.path), KBertError);

    assertEquals(error.code, code);
    assertStringIncludes(error.message, message);
  }
});

Deno.test("readModelFolder() refuses a vocab.txt that is not UTF-8, and a folder in a file's place", async () => {
  await using latin = await TestFolder.make({ ...minimal(), "vocab.txt": new Uint8Array([0xe9, 0x0a]) });
  await using nested = await TestFolder.make({ ...minimal() });
  await Deno.mkdir(`${nested.path}/vocab.txt`);

  await assertRejects(() => readModelFolder(latin.path), KBertError, "it is not a text in UTF-8");
  await assertRejects(() => readModelFolder(nested.path), KBertError, "vocab.txt: it is no file");
});

Deno.test("readModelFolder() refuses two tensors that have the same name today", async () => {
  const twice = new Map([["bert.x", float([1], 1)], ["x", float([1], 2)]]);
  await using folder = await TestFolder.make({
    ...minimal(),
    "vocab.txt": "a\n",
    "model.safetensors": writeSafetensors(twice),
  });

  const error = await assertRejects(
    () => readModelFolder(folder.path),
    KBertError,
    'two tensors are called "x"',
  );

  assertEquals(error.code, "weights/invalid");
});

Deno.test("writeModelFolder() writes every file of the layout", async () => {
  await using folder = await TestFolder.make({});
  const path = `${folder.path}/new/model`;
  const model = { config: CONFIG, vocabulary: VOCABULARY, weights: new Map([["x", float([2], 1, 2)]]) };
  const tokenizerJson = { normalizer: { type: "BertNormalizer", lowercase: false }, model: {} };

  await writeModelFolder(path, model, { tokenizerJson });

  assertEquals(await readModelFolder(path), model);
  const read = async (name: string): Promise<unknown> =>
    JSON.parse(await Deno.readTextFile(`${path}/${name}`));
  const tokens = { cls_token: "[CLS]", mask_token: "[MASK]", pad_token: "[PAD]", sep_token: "[SEP]" };
  const map = { ...tokens, unk_token: "[UNK]" };
  assertEquals(await read("tokenizer.json"), tokenizerJson);
  assertEquals(await read("special_tokens_map.json"), map);
  assertEquals(await read("tokenizer_config.json"), {
    ...map,
    do_lower_case: false,
    model_max_length: 64,
    tokenizer_class: "BertTokenizer",
  });
  const weights = readSafetensors(await Deno.readFile(`${path}/model.safetensors`), path);
  assertEquals(weights.metadata, { format: "pt" });
  assertEquals([...Deno.readDirSync(path)].length, 6);
});

Deno.test("writeModelFolder() replaces longer files and leaves nothing of them", async () => {
  await using folder = await TestFolder.make({
    "vocab.txt": "x\n".repeat(1_000),
    "config.json": " ".repeat(1_000),
  });
  const model: ModelFiles = { config: {}, vocabulary: ["a"], weights: new Map() };

  await writeModelFolder(folder.path, model);

  assertEquals(await readModelFolder(folder.path), model);
});

Deno.test("writeModelFolder() refuses a token with a line break before it writes anything", async () => {
  await using folder = await TestFolder.make({});
  const model: ModelFiles = { config: {}, vocabulary: ["a", "b\n"], weights: new Map() };

  await assertRejects(() => writeModelFolder(folder.path, model), RangeError, "the token of id 1");

  assertEquals([...Deno.readDirSync(folder.path)], []);
});

Deno.test("writeModelFolder() says which folder cannot be written", async () => {
  await using folder = await TestFolder.make({ "taken": "a file" });
  const model: ModelFiles = { config: {}, vocabulary: [], weights: new Map() };

  const error = await assertRejects(() => writeModelFolder(`${folder.path}/taken`, model), KBertError);

  assertEquals([error.code, error.detail], ["file/unusable", { path: `${folder.path}/taken` }]);
  assert(error.cause instanceof Error);
});

Deno.test("canonicalKey() changes old names and the prefix, and nothing else", () => {
  assertEquals(canonicalKey("bert.embeddings.LayerNorm.beta"), "embeddings.LayerNorm.bias");
  assertEquals(
    canonicalKey("encoder.layer.0.output.LayerNorm.gamma"),
    "encoder.layer.0.output.LayerNorm.weight",
  );
  for (const key of ["pooler.dense.weight", "head.bert.x", "gamma", "other.gamma", "LayerNorm.gamma.x", ""]) {
    assertEquals(canonicalKey(key), key);
  }
});

/** A folder that is gone at the end of the test. */
class TestFolder implements AsyncDisposable {
  private constructor(readonly path: string) {}

  static async make(files: Readonly<Record<string, string | Uint8Array>>): Promise<TestFolder> {
    const folder = new TestFolder(await Deno.makeTempDir());
    for (const [name, contents] of Object.entries(files)) {
      const bytes = typeof contents === "string" ? new TextEncoder().encode(contents) : contents;
      await Deno.writeFile(`${folder.path}/${name}`, bytes);
    }
    return folder;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.path, { recursive: true });
  }
}

/** What every folder needs besides a vocabulary. */
function minimal(): { "config.json": string; "model.safetensors": Uint8Array } {
  return { "config.json": "{}", "model.safetensors": writeSafetensors(new Map()) };
}

function float(shape: number[], ...numbers: number[]): HostTensor {
  return { dtype: "float32", shape, data: new Float32Array(numbers) };
}
