import { assert, assertEquals, assertRejects, assertStringIncludes } from "../deps/assert.ts";
import type { Prediction } from "../train/classifier.ts";
import { KBertError } from "../wall/errors.ts";
import { predictCommand } from "./predict.ts";
import { runCommandLine } from "./program.ts";

Deno.test("predictCommand() prints label, probability and text for every text of the command line", async () => {
  const model = fakeModel();

  await model.run(["--model", "runs/a", "free  money\n now", "lunch"]);

  assertEquals(model.loaded, ["runs/a"]);
  assertEquals(model.printed, ["spam\t0.9000\tfree money now", "ham\t0.7500\tlunch"]);
  assertEquals(model.asked, [["free  money\n now", "lunch"]]);
});

Deno.test("predictCommand() prints a line of JSON per text with --json", async () => {
  const model = fakeModel();

  await model.run(["--model", "runs/a", "--json", 'free "money"\n']);

  assertEquals(model.printed.map((line) => JSON.parse(line)), [{
    text: 'free "money"\n',
    label: "spam",
    probability: 0.9,
    probabilities: { ham: 1 - 0.9, spam: 0.9 },
    truncated: 0,
  }]);
});

Deno.test("predictCommand() says how much of a text was not read", async () => {
  const model = fakeModel();

  await model.run(["--model", "runs/a", "long ".repeat(30)]);

  const [line = ""] = model.printed;
  assertStringIncludes(line, "(17 tokens at its end were not read)");
  assert(line.length < 130);
});

Deno.test("predictCommand() shows a text without what a terminal obeys", async () => {
  const model = fakeModel();

  await model.run(["--model", "runs/a", "red \x1b[31m\u202e alert"]);

  assertEquals(model.printed, ["ham\t0.7500\tred \\u001b[31m\\u202e alert"]);
});

Deno.test("predictCommand() reads one text per line where there are none on the command line", async (t) => {
  const cases: [string, (string | Uint8Array)[], string[]][] = [
    ["whole lines", ["one\ntwo\n"], ["one", "two"]],
    ["a last line without an end", ["one\ntwo"], ["one", "two"]],
    ["empty lines", ["\n one \n\n \t\ntwo\n\n"], [" one ", "two"]],
    ["lines of another system", ["one\r\ntwo\r\n"], ["one", "two"]],
    ["a line across chunks", ["on", "e", "\ntw", "o\n"], ["one", "two"]],
    ["a line end across chunks", ["one\r", "\ntwo"], ["one", "two"]],
    ["a character across chunks", [new Uint8Array([0xe2, 0x82]), new Uint8Array([0xac, 10])], ["€"]],
    ["bytes that are no UTF-8", [new Uint8Array([97, 0xff, 98, 10])], ["a\ufffdb"]],
    ["half a character at the end", ["one\ntwo", new Uint8Array([0xe2, 0x82])], ["one", "two\ufffd"]],
    ["a byte order mark", [new Uint8Array([0xef, 0xbb, 0xbf]), "one\n"], ["one"]],
    ["nothing", [], []],
    ["nothing but a line end", ["\n"], []],
  ];
  for (const [name, chunks, texts] of cases) {
    await t.step(name, async () => {
      const model = fakeModel();

      await model.run(["--model", "runs/a"], chunks);

      assertEquals(model.asked.flat(), texts);
      assertEquals(model.printed.length, texts.length);
    });
  }
});

Deno.test("predictCommand() classifies at most 32 lines at once and keeps their order", async () => {
  const model = fakeModel();
  const lines = Array.from({ length: 70 }, (_, index) => `line ${index}`);

  await model.run(["--model", "runs/a"], [lines.join("\n")]);

  assertEquals(model.asked.flat(), lines);
  assertEquals(model.asked.map(({ length }) => length), [32, 32, 5, 1]); // the last one has no line end
});

Deno.test("predictCommand() answers a line before the next one comes", async () => {
  const model = fakeModel();
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const writer = writable.getWriter();

  const done = model.runOn(["--model", "runs/a"], readable);
  await writer.write(new TextEncoder().encode("lunch\n"));
  await model.printedOne;

  assertEquals(model.printed, ["ham\t0.7500\tlunch"]);
  await writer.close();
  await done;
});

Deno.test("predictCommand() ends with the signal's reason while it waits for input", async () => {
  const model = fakeModel();
  const controller = new AbortController();
  const silent = new ReadableStream<Uint8Array>();

  const done = model.runOn(["--model", "runs/a"], silent, controller.signal);
  await model.isLoaded;
  controller.abort(new Error("Ctrl-C"));

  await assertRejects(() => done, Error, "Ctrl-C");
  assertEquals(model.disposals, 1);
});

Deno.test("predictCommand() disposes of the model, also when a text cannot be classified", async () => {
  const model = fakeModel();

  await model.run(["--model", "runs/a", "lunch"]);
  await assertRejects(() => model.run(["--model", "runs/a", ""]), KBertError, "is empty");

  assertEquals(model.disposals, 2);
});

Deno.test("predictCommand() prints its usage with --help and loads nothing", async () => {
  const model = fakeModel();

  await model.run(["--help"]);

  assertStringIncludes(model.printed.join("\n"), "Usage: k-bert predict [TEXT…] --model runs/<id>");
  assertEquals(model.loaded, []);
});

Deno.test("predictCommand() refuses a command line without a model", async () => {
  for (const args of [[], ["hello"], ["--model="], ["--json", "hello"]]) {
    const model = fakeModel();

    const error = await assertRejects(() => model.run(args), KBertError, "predict needs --model runs/<id>");

    assertEquals(error.code, "usage/invalid");
    assertEquals(model.loaded, []);
  }
});

/** The command with a model that takes "money" for spam and reads ten words of a text. */
function fakeModel(): FakeModel {
  const isLoaded = Promise.withResolvers<void>();
  const printedOne = Promise.withResolvers<void>();
  const model: FakeModel = {
    loaded: [],
    asked: [],
    printed: [],
    disposals: 0,
    isLoaded: isLoaded.promise,
    printedOne: printedOne.promise,
    run: (args, chunks = []) => model.runOn(args, streamOf(chunks)),
    async runOn(args, input, signal = new AbortController().signal): Promise<void> {
      const command = predictCommand((path) => {
        model.loaded.push(path);
        isLoaded.resolve();
        return Promise.resolve({
          predict: (texts) => {
            model.asked.push([...texts]);
            return Promise.resolve(texts.map(predictionOf));
          },
          [Symbol.asyncDispose]: () => Promise.resolve(void model.disposals++),
        });
      });
      const program = { name: "k-bert", version: "1.0.0", summary: "", commands: [command] };
      const print = (line: string): void => {
        model.printed.push(line);
        printedOne.resolve();
      };
      const io = { print, note: print, ask: undefined, color: false, signal, input };
      await runCommandLine(program, ["predict", ...args], io);
    },
  };
  return model;
}

interface FakeModel {
  readonly loaded: string[];
  readonly asked: string[][];
  readonly printed: string[];
  disposals: number;
  readonly isLoaded: Promise<void>;
  readonly printedOne: Promise<void>;
  run(args: readonly string[], chunks?: readonly (string | Uint8Array)[]): Promise<void>;
  runOn(args: readonly string[], input: ReadableStream<Uint8Array>, signal?: AbortSignal): Promise<void>;
}

function predictionOf(text: string): Prediction {
  if (text === "") throw new KBertError("input/invalid", "Text 1 is empty", { name: "text 1" });
  const spam = text.includes("money") ? 0.9 : 0.25;
  const truncated = Math.max(0, text.split(/\s+/).length - 14);
  return {
    label: spam > 0.5 ? "spam" : "ham",
    probability: Math.max(spam, 1 - spam),
    probabilities: { ham: 1 - spam, spam },
    truncated,
  };
}

function streamOf(chunks: readonly (string | Uint8Array)[]): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return ReadableStream.from(
    chunks.map((chunk) => typeof chunk === "string" ? encoder.encode(chunk) : chunk),
  );
}
