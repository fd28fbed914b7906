import { assertEquals, assertInstanceOf, assertStrictEquals, assertThrows } from "../deps/assert.ts";
import { KBertError } from "../wall/errors.ts";
import { type Orderable, orderByDependencies, withDependencies } from "./order.ts";

/** `a > b c@^2.0.0` depends on b in any version and on c in that range. */
function plugin(text: string, more: Partial<Orderable> = {}): Orderable {
  const [name = "", needs = ""] = text.split(" > ");
  const dependencies = needs.split(" ").filter(Boolean).map((need) => {
    const [name = "", range = "*"] = need.split("@");
    return { name, range };
  });
  return { name, version: "1.4.0", dependencies, priority: 0, enabled: true, ...more };
}

function order(...plugins: Orderable[]): string {
  return orderByDependencies(plugins).map(({ name }) => name).join(" ");
}

function refusal(...plugins: Orderable[]): KBertError<"plugin/dependency"> {
  const error = assertThrows(() => orderByDependencies(plugins), KBertError);
  assertEquals(error.code, "plugin/dependency");
  return error as KBertError<"plugin/dependency">;
}

const off = { enabled: false };

Deno.test("orderByDependencies() puts a plugin after all that it depends on", () => {
  assertEquals(order(), "");
  assertEquals(order(plugin("a > b"), plugin("b > c"), plugin("c")), "c b a");
  assertEquals(
    order(plugin("top > left right"), plugin("left > base"), plugin("right > base"), plugin("base")),
    "base left right top",
  );
  assertEquals(order(plugin("a > b b@^1.0.0"), plugin("b")), "b a");
});

Deno.test("orderByDependencies() prefers the higher priority, then the order given", () => {
  const high = { priority: 10 };

  assertEquals(order(plugin("a"), plugin("b"), plugin("c")), "a b c");
  assertEquals(
    order(plugin("a", { priority: -1 }), plugin("b"), plugin("c", high), plugin("d", high)),
    "c d b a",
  );
  // What is free later has its turn by the same rule: c before the b that was free all the time.
  assertEquals(order(plugin("b"), plugin("c > a", high), plugin("a", { priority: 1 })), "a c b");
});

Deno.test("orderByDependencies() lets no priority win over a dependency", () => {
  assertEquals(
    order(plugin("a > b", { priority: 100 }), plugin("b", { priority: -100 }), plugin("c")),
    "c b a",
  );
});

Deno.test("orderByDependencies() answers the objects that it was given", () => {
  const [a, b] = [plugin("a"), plugin("b > a")];

  const [first, second] = orderByDependencies([b, a]);

  assertStrictEquals(first, a);
  assertStrictEquals(second, b);
});

Deno.test("orderByDependencies() leaves out disabled plugins that nobody needs, whatever they need", () => {
  assertEquals(order(plugin("a"), plugin("b > gone a@^9.0.0 c", off), plugin("c > b", off)), "a");
});

Deno.test("orderByDependencies() names the chain to a plugin that is missing", () => {
  const error = refusal(plugin("b > c@^1.0.0"), plugin("a > b"), plugin("other"));

  assertEquals(error.message, "a → b → c: no plugin c was found, add it to a place for plugins");
  assertEquals(error.detail, { plugin: "c", chain: ["a", "b", "c"], range: "^1.0.0" });
});

Deno.test("orderByDependencies() takes a shortest chain", () => {
  const error = refusal(plugin("a > b"), plugin("b > c"), plugin("c > gone"), plugin("d > c"));

  assertEquals(error.detail.chain, ["d", "c", "gone"]);
});

Deno.test("orderByDependencies() names the chain to a plugin that is disabled", () => {
  const error = refusal(plugin("a > b"), plugin("b > c"), plugin("c > gone", off));

  assertEquals(error.message, "a → b → c: the plugin c is disabled, enable it or disable a");
  assertEquals(error.detail, { plugin: "c", chain: ["a", "b", "c"], range: "*" });
});

Deno.test("orderByDependencies() names the chain to a plugin of another version", () => {
  const error = refusal(plugin("a > b"), plugin("b > c@^2.0.0"), plugin("c"));

  const problem = "b needs c ^2.0.0 and c is 1.4.0, use another version of either";
  assertEquals(error.message, `a → b → c: ${problem}`);
  assertEquals(error.detail, { plugin: "c", chain: ["a", "b", "c"], range: "^2.0.0", version: "1.4.0" });
});

Deno.test("orderByDependencies() names a circle from the first of its plugins that was given", () => {
  const advice = "plugins that need each other in a circle cannot start, remove one of these dependencies";

  const three = refusal(plugin("start > c"), plugin("a > b"), plugin("b > c"), plugin("c > a"));
  const itself = refusal(plugin("a > a"), plugin("b > a"));

  assertEquals(three.message, `a → b → c → a: ${advice}`);
  assertEquals(three.detail, { plugin: "a", chain: ["a", "b", "c", "a"] });
  assertEquals(itself.detail, { plugin: "a", chain: ["a", "a"] });
});

Deno.test("orderByDependencies() reports a fault inside of a circle as well", () => {
  const error = refusal(plugin("a > b"), plugin("b > a gone"));

  assertEquals((error.cause as AggregateError).errors.map(({ detail }) => detail.chain), [
    ["a", "b", "gone"],
    ["a", "b", "a"],
  ]);
});

Deno.test("orderByDependencies() finds everything that is wrong at once", () => {
  const error = refusal(
    plugin("a > gone c@^2.0.0"),
    plugin("c > d"),
    plugin("d", off),
    ...[plugin("e > f"), plugin("f > e"), plugin("g > g")],
  );

  assertInstanceOf(error.cause, AggregateError);
  const errors = error.cause.errors as KBertError<"plugin/dependency">[];
  assertEquals(errors.map(({ detail }) => detail.chain.join(" ")), [
    "a gone",
    "a c",
    "a c d",
    "e f e",
    "g g",
  ]);
  assertEquals(
    error.message,
    `${errors[0]!.message} (the first of 5 problems with the dependencies of plugins)`,
  );
  assertEquals(error.detail, errors[0]!.detail);
});

Deno.test("orderByDependencies() refuses two plugins of one name", () => {
  assertThrows(() => order(plugin("a"), plugin("b"), plugin("b")), TypeError, "two are called b");
});

Deno.test("orderByDependencies() orders a chain of 5000 plugins", () => {
  const chain = Array.from(
    { length: 5_000 },
    (_, index) => plugin(`p${index} > ${index < 4_999 ? `p${index + 1}` : ""}`),
  );

  const ordered = orderByDependencies(chain);

  assertEquals(ordered, chain.toReversed());
  assertEquals(refusal(...chain.slice(0, -1)).detail.chain.length, 5_000);
});

Deno.test("withDependencies() answers the wanted plugins and all that they need, each once", () => {
  const all = [plugin("a > b c"), plugin("b > d"), plugin("c > d b"), plugin("d > a"), plugin("other > a")];

  const needed = withDependencies(["b", "b"], (name) => all.find((one) => one.name === name));

  assertEquals(needed.map(({ name }) => name), ["b", "d", "a", "c"]);
});

Deno.test("withDependencies() leaves a missing or disabled dependency for orderByDependencies() to explain", () => {
  const all = [plugin("a > b gone"), plugin("b > c", off), plugin("c")];

  const needed = withDependencies(["a"], (name) => all.find((one) => one.name === name));

  assertEquals(needed.map(({ name }) => name), ["a", "b"]);
  assertEquals(refusal(...needed).detail.chain, ["a", "b"]);
});

Deno.test("withDependencies() refuses a wanted plugin that is not known", () => {
  const error = assertThrows(() => withDependencies(["a"], () => undefined), KBertError);

  assertEquals([error.code, error.message], ["plugin/unknown", "No plugin a was found"]);
  assertEquals(error.detail, { plugin: "a" });
});
