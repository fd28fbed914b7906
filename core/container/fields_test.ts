import { assert, assertEquals } from "../deps/assert.ts";
import { fc } from "../../tests/deps/fast_check.ts";
import { plainFields } from "./fields.ts";

/** An object that throws whatever is done with it. */
function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

Deno.test("plainFields() makes plain data of everything", () => {
  class Model {
    readonly size = 3;
  }

  const fields = plainFields({
    text: "a\u001b[2Jb",
    big: 5n,
    nothing: undefined,
    symbol: Symbol("s"),
    call: () => 1,
    date: new Date(0),
    noDate: new Date(NaN),
    map: new Map([[1, 2]]),
    model: new Model(),
    bytes: new Float32Array(3),
    bare: Object.assign(Object.create(null), { a: 1 }),
    error: new RangeError("too far", { cause: "secret" }),
    list: [1, , "b"],
    nan: NaN,
  });

  assertEquals(fields, {
    text: "a\\u001b[2Jb",
    big: "5",
    nothing: "undefined",
    symbol: "Symbol(s)",
    call: "[function]",
    date: "1970-01-01T00:00:00.000Z",
    noDate: "null",
    map: "[Map]",
    model: "[Model]",
    bytes: "[Float32Array of 12 bytes]",
    bare: { a: 1 },
    error: { name: "RangeError", message: "too far" },
    list: [1, "undefined", "b"],
    nan: NaN,
  });
});

Deno.test("plainFields() is not stopped by getters, proxies and circles", () => {
  const circle: Record<string, unknown> = { step: 1 };
  circle["self"] = circle;
  const fields = plainFields({
    get bad(): never {
      throw new Error("no");
    },
    nested: {
      get bad(): never {
        throw new Error("no");
      },
    },
    proxy: revoked(),
    error: Object.defineProperty(new Error("x"), "name", {
      get: () => {
        throw new Error("no");
      },
    }),
    circle,
  });

  assertEquals(fields, {
    bad: "[unreadable]",
    nested: { bad: "[unreadable]" },
    proxy: "[unreadable]",
    error: "[unreadable]",
    circle: { step: 1, self: "[circular]" },
  });
  assertEquals(plainFields(revoked() as Record<string, unknown>), { "…": "[unreadable]" });
});

Deno.test("plainFields() leaves out what is too much", () => {
  const wide = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`n${index}`, index]));
  const list = Array.from({ length: 1_000_000 }, () => "x".repeat(10));

  const fields = plainFields({
    deep: { a: { b: { c: { d: { e: 1 } } } } },
    wide,
    list,
    text: "x".repeat(10_000),
  });

  assertEquals(fields["deep"], { a: { b: { c: { d: "…" } } } });
  assertEquals([Object.keys(fields["wide"]!).length, (fields["list"] as unknown[]).length], [33, 33]);
  assertEquals((fields["text"] as string).length, 1_024);
});

Deno.test("plainFields() adds to others without changing them", () => {
  const before = { run: "spam", step: 1 };

  const fields = plainFields({ step: 2 }, before);

  assertEquals([fields, before], [{ run: "spam", step: 2 }, { run: "spam", step: 1 }]);
});

Deno.test("plainFields() keeps names that mean something else out of it", () => {
  const fields = plainFields(JSON.parse('{ "__proto__": { "admin": true }, "$": 1, "a\\u0007": 2 }'));

  assertEquals(fields, { "(__proto__)": { admin: true }, "($)": 1, "a\\u0007": 2 });
});

Deno.test("plainFields() answers few values whatever it is given, and the same when given them again", () => {
  const property = fc.property(fc.object({ maxDepth: 8, maxKeys: 50, withNullPrototype: true }), (object) => {
    const fields = plainFields(object);

    assert(countOf(fields) <= 512);
    assertEquals(plainFields(fields), fields);
  });

  fc.assert(property, { seed: 1, numRuns: 300 });
});

function countOf(value: unknown): number {
  if (typeof value !== "object" || value === null) return 1;
  return Object.values(value).reduce((sum: number, item) => sum + countOf(item), 1);
}
