import { fc } from "../../tests/deps/fast_check.ts";
import { assert, assertEquals, assertThrows } from "../deps/assert.ts";
import { KBertError } from "../wall/errors.ts";
import type { WireValue } from "../wall/values.ts";
import { parseLosses, parseState } from "./plugin_state.ts";

const TENSOR = { dtype: "float32", shape: [2], data: Float32Array.of(1, NaN) } as const;

function refusal(parse: () => unknown): KBertError {
  const error = assertThrows(parse, KBertError);
  assertEquals(error.code, "plugin/answer");
  return error;
}

Deno.test("parseState() takes what a plugin and its port remember as it is", () => {
  const own: WireValue[] = [null, 0, "", false, [], {}, Uint8Array.of(7), TENSOR, { deep: [{ w: TENSOR }] }];
  for (const value of own) {
    assertEquals(parseState({ version: 3, own: value, port: value }, "sample"), {
      ...{ version: 3, own: value, port: value },
    });
  }
  const { own: bytes } = parseState({ version: 0, own: TENSOR }, "sample");
  assert(bytes === TENSOR, "tensors are not copied on the way");
});

Deno.test("parseState() keeps apart a plugin that remembers nothing and one that has no memory", () => {
  assertEquals(Object.hasOwn(parseState({ version: 1 }, "sample"), "own"), false);
  assertEquals(parseState({ version: 1, own: null }, "sample"), { version: 1, own: null });
});

Deno.test("parseState() refuses every other form", async (t) => {
  const cases: Record<string, WireValue> = {
    "nothing": undefined,
    "null": null,
    "a text": "state",
    "a list": [{ version: 1 }],
    "bytes": Uint8Array.of(1),
    "a tensor": TENSOR,
    "no version": { own: 1 },
    "a version that is a text": { version: "1" },
    "half a version": { version: 1.5 },
    "a version below 0": { version: -1 },
    "a version that is no number": { version: NaN },
    "a version without end": { version: Infinity },
    "a version over the limit": { version: 1_000_001 },
    "one more key": { version: 1, onw: 1 },
  };
  for (const [what, answer] of Object.entries(cases)) {
    await t.step(what, () => {
      const { message, detail } = refusal(() => parseState(answer, "sample"));
      assert(message.startsWith("The plugin sample answered $capture wrongly: "), message);
      assertEquals(detail, { plugin: "sample", method: "$capture" });
    });
  }
});

Deno.test("parseState() says in a printable text of bounded length what is wrong", () => {
  const odd = `\u001b[2J\n${"x".repeat(10_000)}`;

  const { message } = refusal(() => parseState({ version: 1, [odd]: 1 }, "sample"));

  assert(message.length < 300, `${message.length} characters`);
  assert(!/[^\P{Cc}\n]/u.test(message), JSON.stringify(message));
});

Deno.test("parseLosses() takes lines, and makes each printable and short", () => {
  const lines = parseLosses(["the weights of w", "\u001b[2J\nnews", "x".repeat(10_000)], "sample");

  assertEquals(lines.slice(0, 2), ["the weights of w", "\\u001b[2J news"]);
  assert(lines[2]!.length <= 301, `${lines[2]!.length} characters`);
  assertEquals(parseLosses([], "sample"), []);
});

Deno.test("parseLosses() takes a hundred lines and not one more", () => {
  const lines = (count: number): string[] => Array.from({ length: count }, (_, index) => `line ${index}`);

  assertEquals(parseLosses(lines(100), "sample").length, 100);
  const { message, detail } = refusal(() => parseLosses(lines(101), "sample"));
  assert(message.startsWith("The plugin sample answered $restore wrongly: "), message);
  assertEquals(detail, { plugin: "sample", method: "$restore" });
});

Deno.test("parseLosses() refuses what is no list of texts", () => {
  for (const answer of [undefined, null, "a text", 1, {}, [1], ["a", null], [["a"]], Uint8Array.of(1)]) {
    refusal(() => parseLosses(answer, "sample"));
  }
});

Deno.test("parseState() and parseLosses() throw nothing else, whatever a plugin answers", () => {
  const value = fc.anything({ withNullPrototype: true, maxDepth: 4 }) as fc.Arbitrary<WireValue>;
  fc.assert(
    fc.property(value, (answer) => {
      for (const parse of [parseState, parseLosses]) {
        try {
          parse(answer, "sample");
        } catch (error) {
          assert(error instanceof KBertError && error.code === "plugin/answer", String(error));
        }
      }
    }),
    { seed: 1, numRuns: 1_000 },
  );
});
