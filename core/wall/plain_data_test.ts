import { assert, assertEquals } from "../deps/assert.ts";
import { plainProperties } from "./plain_data.ts";

const NOTHING = new Set<string>();

Deno.test("plainProperties() keeps what JSON can say, and numbers that it cannot as their texts", () => {
  const source = { a: 1, b: "x", c: true, d: null, e: [1, undefined, { f: -0 }], g: Infinity, h: undefined };

  const found = plainProperties(source, new Set(["a"]));

  assertEquals(found, { b: "x", c: true, d: null, e: [1, null, { f: -0 }], g: "Infinity" });
});

Deno.test("plainProperties() answers undefined when nothing is left", () => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  const sources: object[] = [{}, { f: () => 1 }, Object.create({ inherited: 1 }), proxy, { __proto__: null }];

  assertEquals(sources.map((source) => plainProperties(source, NOTHING)), sources.map(() => undefined));
});

Deno.test("plainProperties() is bounded in count, depth, values and characters", () => {
  const deep = JSON.parse("[".repeat(100) + "]".repeat(100));
  const many = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`key${index}`, index]));
  const tree = (depth: number): unknown =>
    depth === 0 ? 1 : Array.from({ length: 30 }, () => tree(depth - 1));

  const long = plainProperties(
    Object.fromEntries(Object.keys(many).map((key) => [key, "x".repeat(900)])),
    NOTHING,
  );
  const large = JSON.stringify(plainProperties({ tree: tree(4) }, NOTHING));

  assertEquals(JSON.stringify(plainProperties({ deep }, NOTHING)), `{"deep":[[[[null]]]]}`);
  assertEquals(Object.keys(plainProperties(many, NOTHING)!).length, 32);
  assert(JSON.stringify(long).length < 4_200);
  assert(large.length < 10_000, `${large.length} characters`);
});

Deno.test("plainProperties() makes nobody's prototype, whatever the keys", () => {
  const source = JSON.parse(`{"__proto__":{"polluted":1},"a":{"__proto__":{"polluted":1},"constructor":2}}`);

  const found = plainProperties(source, NOTHING) as Record<string, Record<string, unknown>>;

  assertEquals(Object.keys(found), ["a"]);
  assertEquals([Object.getPrototypeOf(found["a"]), found["a"]?.["polluted"]], [Object.prototype, undefined]);
});
