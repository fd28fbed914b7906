import { assert, assertEquals } from "../deps/assert.ts";
import { PluginError, printable, toFailure } from "./failure.ts";
import { type Failure, parseMessage } from "./protocol.ts";

/** All texts of a failure and of its causes. */
function textsOf(failure: Failure | undefined): string[] {
  if (failure === undefined) return [];
  const { name, message, code = "", stack = "", cause, errors = [], properties = {} } = failure;
  const data = JSON.stringify(properties).replace(/\\u[0-9a-f]{4}|\\./g, " ");
  return [name, message, code, stack, data.slice(0, 4_000), ...textsOf(cause), ...errors.flatMap(textsOf)];
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

function refuse(): never {
  throw new Error("no");
}

Deno.test("toFailure() keeps plain properties and the parts of an AggregateError, and PluginError gives them back", () => {
  const part = Object.assign(new TypeError("part"), { step: 1 });
  const error = Object.assign(new AggregateError([part, "text"], "all"), {
    code: "E_ALL",
    detail: { file: "a.yaml", lines: [1, 2], ok: true, none: null, loss: NaN },
    method: () => 1,
    at: new Date(),
  });
  Object.defineProperty(error, "broken", { enumerable: true, get: refuse });

  const caught = new PluginError(JSON.parse(JSON.stringify(toFailure(error))));

  assertEquals([caught.name, caught.message, caught.code], ["AggregateError", "all", "E_ALL"]);
  assertEquals(Reflect.get(caught, "detail"), {
    file: "a.yaml",
    lines: [1, 2],
    ok: true,
    none: null,
    loss: "NaN",
  });
  assertEquals(["method" in caught, "at" in caught, "broken" in caught], [false, false, false]);
  assertEquals(caught.errors?.map(({ name, message }) => [name, message]), [["TypeError", "part"], [
    "Error",
    "text",
  ]]);
  assertEquals(Reflect.get(caught.errors![0]!, "step"), 1);
});

Deno.test("toFailure() without stacks tells none, of no cause and no part either", () => {
  const error = new AggregateError([new Error("part")], "all", { cause: new Error("cause") });

  const failure = toFailure(error, false);

  assert(!JSON.stringify(failure).includes("failure_test.ts"));
});

Deno.test("PluginError lets no property shadow what errors have, or be mistaken for more", () => {
  const names = ["stack", "message", "name", "toString", "constructor", "hasOwnProperty", "then", "toJSON"];
  const more = ["cause", "errors", "code", "remoteStack", "__proto__", "__defineGetter__"];
  const properties = JSON.parse(`{${[...names, ...more].map((name) => `"${name}":"forged"`)},"fine":1}`);
  const plain = new PluginError({ name: "E", message: "m" });

  const error = new PluginError({ name: "E", message: "m", properties });

  assertEquals(Reflect.get(error, "fine"), 1);
  for (const name of [...names, ...more]) {
    if (name !== "stack") assertEquals(Reflect.get(error, name), Reflect.get(plain, name), name);
  }
  assert(!error.stack!.includes("forged"));
  assertEquals(Object.getPrototypeOf(error), PluginError.prototype);
});

Deno.test("PluginError bounds what the other side did not", () => {
  const text = "\u001b[31m".repeat(30_000);
  const failure = {
    name: "E",
    message: "m",
    errors: Array(60).fill({ name: "E", message: text }),
    properties: Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`key${index}${text}`, text])),
  };

  const error = new PluginError(failure);

  const own = Object.keys(error).filter((key) => key.startsWith("key"));
  assertEquals(error.errors?.length, 16);
  assert(own.length <= 32 && own.every((key) => key.length <= 100 && !UNPRINTABLE.test(key)));
  assert(own.join("").length + own.map((key) => Reflect.get(error, key)).join("").length <= 4_000);
  assert(!UNPRINTABLE.test(Deno.inspect(error, { strAbbreviateSize: Infinity })));
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
    "an AggregateError of hostile parts": new AggregateError(Array(1_000).fill(bomb), "\u009b".repeat(9_000)),
    "an AggregateError of itself": ((): unknown => {
      const error = new AggregateError([]);
      error.errors = Array(100).fill(error);
      return error;
    })(),
    "a list of errors that refuses": { errors: new Proxy([], { get: () => refuse() }) },
    "properties of all kinds": Object.assign(new Error("x"), {
      deep: JSON.parse("[".repeat(1_000) + "]".repeat(1_000)),
      wide: Array(100_000).fill("\u0007".repeat(1_000)),
      many: Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`\u009b${index}`, index])),
      refusing,
      circular,
      when: new Date(),
      big: 5n,
      bytes: new Uint8Array(1_000),
    }),
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
      assert(texts.length <= 32 * 5);
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

  assertEquals(printable("half \ud83d, whole 😀"), "half \ufffd, whole 😀");
  assertEquals(shown, "a b\nc\\u001b[2J\\u202e\\u000d\\u2028");
  assertEquals(printable(shown), shown);
});

Deno.test("printable() never answers more than was asked for, and says how much there was", () => {
  const shown = printable("\u0000".repeat(1_000), 100);

  assertEquals(shown.length, 100);
  assert(shown.endsWith("… (1000 characters)"));
  assertEquals(printable(shown, 100), shown);
});
