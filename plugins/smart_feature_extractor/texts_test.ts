import { assertEquals } from "@std/assert";
import { areCategories, loudness, wordCount } from "./texts.ts";

Deno.test("areCategories() takes few texts that come twice on average for categories", () => {
  assertEquals(areCategories(["a", "b", "c", "a", "b", "c"], 3), true);
  assertEquals(areCategories(["a", "b", "c", "a", "b", "c"], 2), false);
  assertEquals(areCategories(["a", "b", "c", "a", "b", null], 3), false);
});

Deno.test("wordCount() and loudness() count words and capitals of any alphabet", () => {
  const texts = ["WIN Äh! now", "", "42 ", "  \n", "ЖИЗНЬ как 😀"];

  assertEquals(texts.map(wordCount), [3, 0, 1, 0, 3]);
  assertEquals(texts.map(loudness), [4 / 8, 0, 0, 0, 5 / 8]);
});
