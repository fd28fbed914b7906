import { assert, assertEquals, assertRejects } from "@std/assert";
import { AugmenterConfig, EventBus, KBertError, type NetworkAnswer } from "k-bert/sdk";
import { BackTranslationAugmenter, type Settings } from "./back_translation.ts";

const TEXTS = Array.from({ length: 40 }, (_, index) => `Buy ${index} spoons 😀`);
const SEEDS = TEXTS.map((_, index) => 1_000 + index);

/** What a request asks. */
interface Question {
  readonly q: readonly string[];
  readonly source: string;
  readonly target: string;
}

/** An augmenter whose network is a translator that writes down where a text has been. */
class Rig implements Disposable {
  readonly questions: Question[] = [];
  readonly bus = new EventBus();
  readonly augmenter: BackTranslationAugmenter;
  translate = (text: string, { source, target }: Question): unknown => `${text} ${source}>${target}`;
  /** Instead of an answer. */
  failure: Error | undefined;

  constructor(settings: Partial<Settings> = {}) {
    const config: Settings = {
      ...AugmenterConfig({ name: "back_translation_augmenter", augmentation_probability: 1 }),
      ...{ source_language: "en", target_language: "fr", endpoint: "http://127.0.0.1:5000" },
      ...{
        batch_size: 32,
        timeout_ms: 1_000,
        budget_ms: 10_000,
        attempts: 1,
        base_ms: 0,
        longest_wait_ms: 0,
      },
      ...{ failures_to_pause: 1_000, pause_ms: 1_000, cache_size: 0, ...settings },
    };
    this.augmenter = new BackTranslationAugmenter(config, this.bus, 7, {
      fetch: (_, options) => this.#answer(JSON.parse(options!.body as string), options?.signal),
    });
  }

  augment(
    texts: readonly string[],
    seeds?: readonly number[],
    signal = new AbortController().signal,
  ): Promise<string[]> {
    return this.augmenter.augment(texts, { signal, ...(seeds && { seeds }) });
  }

  /** Messages of the warnings until now. */
  get warnings(): string[] {
    return this.bus.history("log.warning").map(({ payload }) => payload.message);
  }

  #answer(question: Question, signal?: AbortSignal): Promise<NetworkAnswer> {
    this.questions.push(question);
    if (this.failure) return Promise.reject(this.failure);
    const translatedText = question.q.map((text) => this.translate(text, question));
    if (signal?.aborted) return Promise.reject(new Error("given up"));
    const body = new TextEncoder().encode(JSON.stringify({ translatedText }));
    return Promise.resolve({ status: 200, headers: new Map(), body });
  }

  [Symbol.dispose](): void {
    this.bus[Symbol.dispose]();
  }
}

Deno.test("BackTranslationAugmenter.augment() translates there and back, in batches, each text once", async () => {
  using rig = new Rig({ batch_size: 3 });

  const augmented = await rig.augment(["a", "b", "a", "c", "d"]);

  assertEquals(augmented, ["a", "b", "a", "c", "d"].map((text) => `${text} en>fr fr>en`));
  assertEquals(rig.questions.map(({ q, source }) => [source, q.length]), [
    ...[["en", 3], ["fr", 3], ["en", 1], ["fr", 1]],
  ]);
  assertEquals(rig.warnings, []);
});

Deno.test("BackTranslationAugmenter.augment() gives a text by its seed, whatever the order and the size of batches", async () => {
  using rig = new Rig({ augmentation_probability: 0.5 });
  const whole = await rig.augment(TEXTS, SEEDS);

  const backwards = await rig.augment(TEXTS.toReversed(), SEEDS.toReversed());
  const single: string[] = [];
  for (const [index, text] of TEXTS.entries()) single.push(...await rig.augment([text], [SEEDS[index]!]));

  assertEquals(backwards.reverse(), whole);
  assertEquals(single, whole);
  const changed = whole.filter((text, index) => text !== TEXTS[index]).length;
  assert(changed > 5 && changed < 35, `${changed} were changed`); // of a binomial of 40, nearly always
});

Deno.test("BackTranslationAugmenter.augment() tells how many texts it was given and changed", async () => {
  using rig = new Rig({ augmentation_probability: 0.5 });

  const augmented = await rig.augment(TEXTS);

  const augmenter = "BackTranslationAugmenter";
  const augmented_count = augmented.filter((text, index) => text !== TEXTS[index]).length;
  assertEquals(rig.bus.history("augmenter.*").map(({ payload }) => payload), [
    { augmenter, input_count: 40, probability: 0.5 },
    { augmenter, output_count: 40, augmented_count },
  ]);
});

Deno.test("BackTranslationAugmenter.augment() asks nothing about texts without words", async () => {
  using rig = new Rig();
  const texts = ["", " \n", "😀", "…", "half \ud83d"];

  assertEquals(await rig.augment(texts), texts);
  assertEquals([rig.questions, rig.warnings], [[], []]);
});

Deno.test("BackTranslationAugmenter.augment() remembers so many texts, those used last", async () => {
  using rig = new Rig({ cache_size: 2 });
  const asked = async (...texts: string[]): Promise<string[]> => {
    rig.questions.length = 0;
    await rig.augment(texts);
    return [...rig.questions[0]?.q ?? []];
  };

  assertEquals(await asked("a", "b"), ["a", "b"]);
  assertEquals(await asked("b", "a"), []);
  assertEquals(await asked("c"), ["c"]);
  assertEquals(await asked("a", "b", "c"), ["b"]);
});

Deno.test("BackTranslationAugmenter.augment() keeps the text where a translation cannot be used, and says so once", async () => {
  using rig = new Rig();
  const odd: Record<string, string> = { empty: " ", long: "x".repeat(10_000), half: "\ud83d", fine: "good" };
  rig.translate = (text, { source }) => source === "en" ? odd[text] ?? text : text;

  assertEquals(await rig.augment(Object.keys(odd)), ["empty", "long", "half", "good"]);
  rig.translate = (text, { source }) => source === "fr" ? odd[text] ?? text : text;
  assertEquals(await rig.augment(Object.keys(odd)), ["empty", "long", "half", "good"]);

  const reason = "they or their translations are empty, too long or no Unicode";
  const warning = `3 of 4 texts could not be translated and stay as they are: ${reason}`;
  assertEquals(rig.warnings, [warning, warning]);
});

Deno.test("BackTranslationAugmenter.augment() sends no request that is larger than the host would take", async () => {
  using rig = new Rig();
  const long = "word ".repeat(6_500).trim(); // 32,499 units, as a single one may have
  const texts = [long, "short", `${long}2`, "word ".repeat(7_000), "last"];

  const augmented = await rig.augment(texts);

  const back = (text: string): string => `${text} en>fr fr>en`;
  assertEquals(augmented, [back(long), back("short"), back(`${long}2`), texts[3], back("last")]);
  assertEquals(rig.questions.map(({ q }) => q.length), [2, 2, 2, 2]);
  assertEquals(rig.warnings.length, 1);
});

Deno.test("BackTranslationAugmenter.augment() keeps the texts of a batch that fails, and warns once with their number", async () => {
  using rig = new Rig({ batch_size: 10, api_key: "k3y" });
  const detail = { plugin: "back_translation_augmenter", method: "net.fetch" };
  rig.failure = new KBertError("call/failed", "Cannot fetch: connection refused", detail);

  assertEquals(await rig.augment(TEXTS), TEXTS);

  assertEquals(rig.questions.length, 4);
  const reason = "Cannot fetch: connection refused";
  assertEquals(rig.warnings, [`40 of 40 texts could not be translated and stay as they are: ${reason}`]);
  assertEquals(rig.bus.history("log.warning")[0]?.payload.fields, { texts: 40, server: "127.0.0.1:5000" });
});

Deno.test("BackTranslationAugmenter.augment() asks a server no more that failed too often", async () => {
  using rig = new Rig({ batch_size: 10, failures_to_pause: 2, pause_ms: 60_000 });
  rig.translate = () => 1;

  assertEquals(await rig.augment(TEXTS), TEXTS);
  assertEquals(await rig.augment(TEXTS), TEXTS);

  assertEquals(rig.questions.length, 2);
  assertEquals(rig.warnings.length, 2);
  assert(rig.warnings[1]!.endsWith("is left alone for another 60 s"), rig.warnings[1]);
});

Deno.test("BackTranslationAugmenter.augment() rejects with the reason of its signal", async () => {
  using rig = new Rig();
  const controller = new AbortController();
  rig.translate = (text) => {
    controller.abort(new Error("enough"));
    return text;
  };

  const augmenting = rig.augment(TEXTS, SEEDS, controller.signal);

  await assertRejects(() => augmenting, Error, "enough");
  assertEquals([rig.questions.length, rig.warnings], [1, []]);
});
