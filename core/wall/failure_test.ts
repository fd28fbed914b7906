import { assert, assertEquals } from "../deps/assert.ts";
import { PluginError, printable, toFailure } from "./failure.ts";
import { type Failure, parseMessage } from "./protocol.ts";

/** All texts of a failure and of its causes. */
function textsOf(failure: Failure | undefined): string[] {
  if (failure === undefined) return [];
  const { name, message, code = "", stack = "", cause } = failure;
  return [name, message, code, stack, ...textsOf(cause)];
}

// deno-lint-ignore no-control-regex -- what must not get through
const UNPRINTABLE = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e\u2066]/;

Deno.test("toFailure() describes an error with its name, message, code and causes", () => {
  const error = Object.assign(new RangeError("too far", { cause: new TypeError("because") }), {
    code: "E_FAR",
  });

  const failure = toFailure(error);

  assertEquals([failure.name, failure.message, failure.code], ["RangeError", "too far", "E_FAR"]);
  assertEquals([failure.cause?.name, failure.cause?.message], ["TypeError", "because"]);
  assert(failure.stack?.includes("RangeError: too far"));
});

Deno.test("toFailure() makes a bounded, printable message of the protocol of anything", async (t) => {
  const throwing = {
    get name(): never {
      throw new Error("name");
    },
    get message(): never {
      throw new Error("message");
    },
    get stack(): never {
      throw new Error("stack");
    },
    get cause(): never {
      throw new Error("cause");
    },
  };
  const refusing = new Proxy({}, {
    get: () => {
      throw new Error("no");
    },
    getPrototypeOf: () => {
      throw new Error("no");
    },
  });
  const circular = new Error("round");
  circular.cause = circular;
  const bomb = Object.assign(new Error("\u001b[2J\u0007\u202e".repeat(2_000_000)), {
    name: "\u0000".repeat(10_000),
    code: "\u009b".repeat(10_000),
    stack: "\u001b]0;title\u0007".repeat(100_000),
  });
  const lookalike = { name: 1, message: { toString: () => "object" }, stack: ["list"], code: 5 };
  const thrown: Record<string, unknown> = {
    "getters that throw": throwing,
    "a proxy that refuses everything": refusing,
    "a revoked proxy": ((): unknown => {
      const { proxy, revoke } = Proxy.revocable({}, {});
      revoke();
      return proxy;
    })(),
    "a cause that is itself": circular,
    "8 MB of escape codes everywhere": bomb,
    "an object that looks like an error": lookalike,
    "an object without a prototype": Object.create(null),
    "undefined": undefined,
    "null": null,
    "a number": 5,
    "a symbol": Symbol("s"),
    "a bigint": 5n,
    "a long text": "x".repeat(8_000_000),
    "a function that is not printable": Object.assign(() => 1, { toString: null, [Symbol.toPrimitive]: 5 }),
    "half a character": "\ud83d",
  };
  for (const [what, value] of Object.entries(thrown)) {
    await t.step(what, () => {
      const failure = toFailure(value);

      const texts = textsOf(failure);
      assert(texts.every((text) => text.length <= 4_000 && !UNPRINTABLE.test(text)));
      assert(texts.length <= 5 * 4);
      parseMessage(JSON.stringify({ kind: "failed", failure }), "x");
    });
  }
});

Deno.test("PluginError makes printable what the other side did not", () => {
  const hostile = "\u001b[31m".repeat(3_000);
  const failure = {
    name: hostile,
    message: hostile,
    code: hostile,
    stack: hostile,
    cause: { name: "", message: hostile },
  };

  const error = new PluginError(failure);

  const texts = [error.name, error.message, error.code!, error.remoteStack!, (error.cause as Error).message];
  assert(texts.every((text) => text.length <= 4_000 && !UNPRINTABLE.test(text)));
  assert(!UNPRINTABLE.test(Deno.inspect(error)));
});

Deno.test("printable() shows control characters, keeps line breaks, and does nothing twice", () => {
  const text = "a\tb\nc\u001b[2J\u202e\r\u2028";

  const shown = printable(text);

  assertEquals(shown, "a b\nc\\u001b[2J\\u202e\\u000d\\u2028");
  assertEquals(printable(shown), shown);
});

Deno.test("printable() never answers more than was asked for, and says how much there was", () => {
  const shown = printable("\u0000".repeat(1_000), 100);

  assertEquals(shown.length, 100);
  assert(shown.endsWith("… (1000 characters)"));
  assertEquals(printable(shown, 100), shown);
});
