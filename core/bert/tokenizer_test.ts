import { assert, assertEquals, assertThrows } from "../deps/assert.ts";
import { Tokenizer } from "../deps/tokenizers.ts";
import { Random } from "../tensor/random.ts";
import { KBertError } from "../wall/errors.ts";
import { BertTokenizer } from "./tokenizer.ts";
import { learnVocabulary, SPECIAL_TOKENS } from "./vocabulary.ts";

const VOCABULARY = [
  ...SPECIAL_TOKENS,
  ...["un", "##aff", "##able", "##a", "##ff", "able", "the", "run", "##ning", "##n", "runn", "cafe", "na"],
  ...["##ive", "!", ",", "'", "$", "1", "##0", "10", "日", "本", "a", "##b", "##c", "abc"],
];
const [PAD, CLS, SEP] = [0, 2, 3];

Deno.test("BertTokenizer.encode() is WordPiece as it was published", async (t) => {
  const cases: [string, string, string[]][] = [
    ["the example of the paper's code", "unaffable", ["un", "##aff", "##able"]],
    ["the longest match comes first, also where run + ##ning would have done", "running", ["[UNK]"]],
    ["a word that is a token", "abc", ["abc"]],
    ["a word of pieces", "ab", ["a", "##b"]],
    ["a word that no pieces make up is unknown as a whole", "unx", ["[UNK]"]],
    ["a piece that only continues does not begin", "ive", ["[UNK]"]],
    ["case", "THE Run", ["the", "run"]],
    ["accents", "Café naïve cafe\u0301", ["cafe", "na", "##ive", "cafe"]],
    ["punctuation", "the,run!!", ["the", ",", "run", "!", "!"]],
    ["an apostrophe and money", "abc's $100", ["abc", "'", "[UNK]", "$", "10", "##0"]],
    ["symbols that ASCII counts as punctuation", "the$run", ["the", "$", "run"]],
    ["Chinese characters are words", "日本the", ["日", "本", "the"]],
    ["control characters and U+FFFD are nothing", "t\u0000h\ufffde", ["the"]],
    ["white space of all kinds", "the\t\n\r\u00a0\u3000run", ["the", "run"]],
    ["nothing", "", []],
    ["nothing but blanks", " \n ", []],
    ["a word of a hundred letters", "x".repeat(100), ["[UNK]"]],
    ["a word of more", "a".repeat(101), ["[UNK]"]],
    ["an emoji", "the 🎉 run", ["the", "[UNK]", "run"]],
    ["half a pair of surrogates is nothing", "the \ud83c", ["the"]],
  ];
  const tokenizer = new BertTokenizer(VOCABULARY);
  for (const [name, text, tokens] of cases) {
    await t.step(name, () => {
      const { ids, truncated } = tokenizer.encode(text);

      assertEquals([...ids].map((id) => VOCABULARY[id]), ["[CLS]", ...tokens, "[SEP]"]);
      assertEquals(truncated, 0);
    });
  }
});

Deno.test("BertTokenizer.encode() agrees with the published algorithm on made-up texts", () => {
  const random = new Random(5);
  const pick = <Item>(items: readonly Item[]): Item => items[random.below(items.length)]!;
  const word = (): string => Array.from({ length: 1 + random.below(6) }, () => pick([..."abcdeA"])).join("");
  const texts = Array.from(
    { length: 300 },
    () => Array.from({ length: random.below(8) }, () => word() + pick(["", ",", " !", "é", "日"])).join(" "),
  );
  const vocabulary = learnVocabulary(texts.slice(0, 150), { size: 60, minFrequency: 2, maxCharacters: 6 });
  const tokenizer = new BertTokenizer(vocabulary);

  for (const text of texts) {
    const tokens = [...tokenizer.encode(text).ids].map((id) => vocabulary[id]);

    assertEquals(tokens, ["[CLS]", ...wordPieces(text, vocabulary), "[SEP]"], text);
  }
});

Deno.test("BertTokenizer.encode() reads the name of a special token as that token, as Hugging Face does", () => {
  const { ids } = new BertTokenizer(VOCABULARY).encode("the [SEP] run [sep]");

  const tokens = [...ids].map((id) => VOCABULARY[id]);
  assertEquals(tokens, ["[CLS]", "the", "[SEP]", "run", "[UNK]", "[UNK]", "[UNK]", "[SEP]"]);
});

Deno.test("BertTokenizer.encode() cuts a text that is too long and counts what it cut", async (t) => {
  const words = ["the", "run", "able", "a", "abc", "na", "un", "10", "cafe", "!"];
  const whole = words.map((word) => VOCABULARY.indexOf(word));
  // Of 8 places two are for [CLS] and [SEP]; the tail is a quarter of them, and [SEP] is one of it.
  const cases: ["head" | "head-tail", number, number[]][] = [
    ["head", 6, whole.slice(0, 6)],
    ["head", 7, whole.slice(0, 6)],
    ["head", 10, whole.slice(0, 6)],
    ["head-tail", 6, whole.slice(0, 6)],
    ["head-tail", 7, [...whole.slice(0, 5), whole[6]!]],
    ["head-tail", 10, [...whole.slice(0, 5), whole[9]!]],
  ];
  for (const [truncation, count, kept] of cases) {
    await t.step(`${truncation} of ${count} tokens`, () => {
      const tokenizer = new BertTokenizer(VOCABULARY, { maxLength: 8, truncation });

      const { ids, truncated } = tokenizer.encode(words.slice(0, count).join(" "));

      assertEquals([...ids], [CLS, ...kept, SEP]);
      assertEquals(truncated, Math.max(0, count - 6));
    });
  }
});

Deno.test("BertTokenizer.batch() puts the encodings into rows, padded to the next bucket", async (t) => {
  const tokenizer = new BertTokenizer(VOCABULARY, { maxLength: 20, buckets: [8, 12, 64] });
  const the = VOCABULARY.indexOf("the");
  // [tokens with [CLS] and [SEP] of each text, expected length]; the bucket of 64 is longer than any text.
  const cases: [number[], number][] = [
    [[2], 8],
    [[3, 8], 8],
    [[9, 3], 12],
    [[12], 12],
    [[13, 2, 5], 20],
    [[20, 20], 20],
  ];
  for (const [lengths, length] of cases) {
    await t.step(`${lengths} to ${length}`, () => {
      const encodings = lengths.map((one) => tokenizer.encode("the ".repeat(one - 2)));

      const batch = tokenizer.batch(encodings);

      assertEquals([batch.batch, batch.length], [lengths.length, length]);
      const row = (one: number): number[] => [CLS, ...Array(one - 2).fill(the), SEP];
      const pad = (one: number): number[] => Array(length - one).fill(PAD);
      assertEquals([...batch.ids], lengths.flatMap((one) => [...row(one), ...pad(one)]));
      assertEquals([...batch.mask], lengths.flatMap((one) => [...row(one).fill(1), ...pad(one).fill(0)]));
    });
  }
});

Deno.test("BertTokenizer.batch() pads with [PAD] wherever the vocabulary has it", () => {
  const vocabulary = [...VOCABULARY.slice(1), "[PAD]"];
  const tokenizer = new BertTokenizer(vocabulary, { maxLength: 8, buckets: [8] });

  const { ids } = tokenizer.batch([tokenizer.encode("the")]);

  assertEquals([...ids].map((id) => vocabulary[id]), [
    "[CLS]",
    "the",
    "[SEP]",
    ...Array(5).fill("[PAD]"),
  ]);
});

Deno.test("BertTokenizer.batch() of no encodings has no rows", () => {
  const { batch, ids, mask } = new BertTokenizer(VOCABULARY).batch([]);

  assertEquals([batch, ids.length, mask.length], [0, 0, 0]);
});

Deno.test("new BertTokenizer() refuses a vocabulary that is not one of a BERT", () => {
  for (const token of SPECIAL_TOKENS) {
    const vocabulary = VOCABULARY.filter((other) => other !== token);

    const error = assertThrows(() => new BertTokenizer(vocabulary), KBertError, `has no ${token}`);

    assertEquals(error.code, "weights/invalid");
  }
});

Deno.test("BertTokenizer.toJson() is a tokenizer.json that gives the same tokens", () => {
  const tokenizer = new BertTokenizer(VOCABULARY);

  const json = JSON.parse(JSON.stringify(tokenizer.toJson()));

  const other = new Tokenizer(json, { tokenizer_class: "BertTokenizer" });
  for (const text of ["unaffable, the run!", "日本 café", ""]) {
    assertEquals(other.encode(text).ids, [...tokenizer.encode(text).ids]);
  }
  assert(Object.keys(json.model.vocab).length === VOCABULARY.length);
});

/** Devlin et al.'s tokenization.py, for texts of Latin letters, ASCII punctuation and Chinese characters. */
function wordPieces(text: string, vocabulary: readonly string[]): string[] {
  const plain = text.toLowerCase().normalize("NFD").replace(/\p{Mn}/gu, "");
  const words = plain.match(/\p{Script=Han}|[!-\/:-@[-`{-~]|[a-z0-9]+/gu) ?? [];
  return words.flatMap((word) => {
    const pieces: string[] = [];
    for (let start = 0; start < word.length;) {
      const prefix = start === 0 ? "" : "##";
      let end = word.length;
      while (end > start && !vocabulary.includes(prefix + word.slice(start, end))) end--;
      if (end === start) return ["[UNK]"];
      pieces.push(prefix + word.slice(start, end));
      start = end;
    }
    return pieces;
  });
}
