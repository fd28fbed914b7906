import { assertEquals, assertStringIncludes, assertThrows } from "../deps/assert.ts";
import { KBertError } from "../wall/errors.ts";
import { parseTrainingConfig, TRAINING_DEFAULTS } from "./config.ts";

const LEAST = "name: spam\nhead:\n  plugin: plugins/spam_head\n";

function refusal(text: string): string {
  return assertThrows(() => parseTrainingConfig(text, "k-bert.yaml"), KBertError).message;
}

function bucketsOf(data: string): readonly number[] {
  return parseTrainingConfig(`${LEAST}data: ${data}\n`, "k-bert.yaml").data.buckets;
}

Deno.test("parseTrainingConfig() completes the least configuration with TRAINING_DEFAULTS", () => {
  const { data, ...config } = parseTrainingConfig(LEAST, "k-bert.yaml");
  const { data: { buckets, ...rest }, head, ...defaults } = TRAINING_DEFAULTS;

  assertEquals<unknown>(config, {
    name: "spam",
    ...defaults,
    head: { plugin: "plugins/spam_head", ...head },
  });
  assertEquals<unknown>(data, { ...rest, buckets });
});

Deno.test("parseTrainingConfig() keeps what is given, and does not share its defaults", () => {
  const text = LEAST +
    "  settings: {labels: [ham, spam]}\nseed: 7\nmodel: {hiddenSize: 96, heads: 3, from: bert}\n" +
    "training: {maxSteps: 20, warmupShare: 0}\nbackend: cpu\n";
  const config = parseTrainingConfig(text, "k-bert.yaml");
  (config.data.buckets as number[]).push(1); // readonly is a promise of the compiler's, and nothing is frozen

  assertEquals(config.head.settings, { labels: ["ham", "spam"] });
  assertEquals([config.seed, config.backend, config.training.maxSteps, config.training.warmupShare], [
    7,
    "cpu",
    20,
    0,
  ]);
  assertEquals(config.model, {
    size: "tiny",
    dropout: 0.1,
    vocabularySize: 8000,
    hiddenSize: 96,
    heads: 3,
    from: "bert",
  });
  assertEquals(bucketsOf("{}"), [32, 64, 96, 128]);
});

Deno.test("parseTrainingConfig() takes float16 as the precision, and no other type", () => {
  const text = (precision: string): string => `${LEAST}training: {precision: ${precision}}\n`;

  assertEquals(parseTrainingConfig(text("float16"), "k-bert.yaml").training.precision, "float16");
  assertStringIncludes(
    refusal(text("bfloat16")),
    'precision: found "bfloat16", expected one of float32, float16',
  );
});

Deno.test("parseTrainingConfig() ends the buckets with maxLength", () => {
  assertEquals(bucketsOf("{maxLength: 100}"), [32, 64, 96, 100]);
  assertEquals(bucketsOf("{maxLength: 16}"), [16]);
  assertEquals(bucketsOf("{maxLength: 256}"), [32, 64, 96, 128, 256]);
  assertEquals(bucketsOf("{maxLength: 64, buckets: [16, 128, 256]}"), [16, 64]);
  assertEquals(bucketsOf("{buckets: [128]}"), [128]);
});

Deno.test("parseTrainingConfig() tells what an empty configuration lacks", () => {
  assertEquals(refusal("{}").split("\n"), [
    "k-bert.yaml:1:1: name: missing, expected text",
    "k-bert.yaml:1:1: head: missing, expected a mapping",
  ]);
});

Deno.test("parseTrainingConfig() reports slips of all sections at once, with their places", () => {
  const text = [
    "name: ../spam",
    "model:",
    "  hiddenSize: 100",
    "  heads: 3",
    "data:",
    "  buckets:",
    "    - 64",
    "    - 32",
    "training:",
    "  learning_rat: 0.1",
    "head: {tier: thread}",
    "",
  ].join("\n");

  assertEquals(refusal(text).split("\n"), [
    'k-bert.yaml:1:1: name: found "../spam", expected 1 to 64 letters, digits, blanks and . _ -, ' +
    "with a letter or digit first",
    "k-bert.yaml:3:3: model.hiddenSize: found 100, expected a multiple of heads, 3",
    "k-bert.yaml:8:7: data.buckets.1: found 32, expected more than 64, the one before",
    "k-bert.yaml:10:3: training.learning_rat: unknown setting, did you mean learningRate?",
    "k-bert.yaml:11:1: head.plugin: missing, expected text",
    'k-bert.yaml:11:8: head.tier: found "thread", expected one of process, worker',
  ]);
});

for (
  const [yaml, message] of [
    ["seed: -1", "seed: found -1, expected at least 0"],
    ["model: {size: huge}", 'model.size: found "huge", expected one of tiny, mini, small, medium, base'],
    ["model: {dropout: 1}", "model.dropout: found 1, expected less than 1"],
    ["data: {maxLength: 513}", "data.maxLength: found 513, expected at most 512"],
    ["data: {maxLength: 7}", "data.maxLength: found 7, expected at least 8"],
    ["data: {truncation: tail}", 'data.truncation: found "tail", expected one of head, head-tail'],
    ["data: {testShare: 0}", "data.testShare: found 0, expected more than 0"],
    ["data: {buckets: []}", "data.buckets: found a list of 0, expected at least 1 item"],
    ["data: {max_length: 64}", "data.max_length: unknown setting, did you mean maxLength?"],
    ["training: {epochs: 0}", "training.epochs: found 0, expected at least 1"],
    ["training: {learningRate: fast}", 'training.learningRate: found "fast", expected a number'],
    ["training: {warmupShare: 1.5}", "training.warmupShare: found 1.5, expected at most 1"],
    ["training:", "training: found nothing, expected a mapping"],
    ["backend: cuda", 'backend: found "cuda", expected one of auto, webgpu, wasm, native, cpu'],
    ["wasm: {threads: 0}", "wasm.threads: found 0, expected at least 1"],
    ["native: {threads: 0}", "native.threads: found 0, expected at least 1"],
    ["native: {path: /lib}", "native.path: unknown setting"],
    ["epochs: 3", "epochs: unknown setting"],
  ] as const
) {
  Deno.test(`parseTrainingConfig() refuses ${yaml}`, () => {
    const text = refusal(`${LEAST}${yaml}\n`);
    assertStringIncludes(text, "k-bert.yaml:4:");
    assertStringIncludes(text, message);
  });
}
