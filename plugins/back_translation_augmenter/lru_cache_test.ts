import { assertEquals } from "@std/assert";
import { LruCache } from "./lru_cache.ts";

Deno.test("LruCache forgets what was not used for the longest time", () => {
  const cache = new LruCache({ size: 2, units: 1_000 });
  cache.set("a", "1");
  cache.set("b", "2");
  cache.get("a");
  cache.set("c", "3");

  assertEquals(["a", "b", "c"].map((key) => cache.get(key)), ["1", undefined, "3"]);
});

Deno.test("LruCache holds no more units than it is told, and counts a value that was replaced once", () => {
  const cache = new LruCache({ size: 100, units: 10 });
  for (let times = 0; times < 9; times++) cache.set("a", "1234");
  cache.set("b", "1234");

  assertEquals([cache.get("a"), cache.get("b")], ["1234", "1234"]);
  cache.set("c", "1");
  assertEquals([cache.get("a"), cache.get("b"), cache.get("c")], [undefined, "1234", "1"]);
  cache.set("d", "12345678901");
  assertEquals(["b", "c", "d"].map((key) => cache.get(key)), [undefined, undefined, undefined]);
});

Deno.test("LruCache of size 0 remembers nothing", () => {
  const cache = new LruCache({ size: 0, units: 10 });
  cache.set("a", "1");

  assertEquals(cache.get("a"), undefined);
});
