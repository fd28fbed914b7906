import { assertEquals, assertStrictEquals, assertThrows } from "../deps/assert.ts";
import { KBertError } from "../wall/errors.ts";
import { openThings } from "../wall/ledger.ts";
import { type Subscription, Subscriptions } from "./subscriptions.ts";

function add(subscriptions: Subscriptions, pattern: string, priority = 0, onRemove = () => {}): Subscription {
  return subscriptions.add({ pattern, listener: () => {}, priority, once: false, onRemove });
}

function removeAll(subscriptions: Subscriptions): void {
  for (const subscription of subscriptions.list()) subscriptions.remove(subscription);
}

function patternsOf(subscriptions: readonly Subscription[]): string[] {
  return subscriptions.map(({ pattern }) => pattern);
}

Deno.test("Subscriptions.matching() orders by priority, then by who came first, whatever the pattern", () => {
  const subscriptions = new Subscriptions();
  for (
    const [pattern, priority] of [["a.>", 0], ["a.b", 0], ["*.b", 5], ["b.b", 9], [">", -1], [
      "a.*",
      0,
    ]] as const
  ) {
    add(subscriptions, pattern, priority);
  }

  assertEquals(patternsOf(subscriptions.matching("a.b")), ["*.b", "a.>", "a.b", "a.*", ">"]);
  removeAll(subscriptions);
});

Deno.test("Subscriptions.matching() keeps its answer until somebody comes or goes whom it concerns", () => {
  const subscriptions = new Subscriptions();
  add(subscriptions, "a.b");
  const before = subscriptions.matching("a.b");

  add(subscriptions, "x.y");
  assertStrictEquals(subscriptions.matching("a.b"), before);
  const wildcard = add(subscriptions, "a.*");
  assertEquals(patternsOf(subscriptions.matching("a.b")), ["a.b", "a.*"]);
  subscriptions.remove(wildcard);
  assertEquals(patternsOf(subscriptions.matching("a.b")), ["a.b"]);
  assertEquals(patternsOf(before), ["a.b"]);
  removeAll(subscriptions);
});

Deno.test("Subscriptions.matching() is right for more topics than it keeps", () => {
  const subscriptions = new Subscriptions();
  add(subscriptions, "t.7");
  add(subscriptions, "t.*");

  for (let round = 0; round < 2; round++) {
    for (let topic = 0; topic < 1_500; topic++) {
      assertEquals(subscriptions.matching(`t.${topic}`).length, topic === 7 ? 2 : 1);
    }
  }
  removeAll(subscriptions);
});

Deno.test("Subscriptions.matching() refuses what is no topic, also the second time", () => {
  const subscriptions = new Subscriptions();

  for (const topic of ["a.*", "a.*", "", "constructor."]) {
    assertEquals(assertThrows(() => subscriptions.matching(topic), KBertError).code, "event/topic");
  }
  assertEquals(subscriptions.matching("constructor"), []);
  assertEquals(subscriptions.matching("__proto__"), []);
});

Deno.test("Subscriptions counts every subscription once, and says once that it is gone", () => {
  const subscriptions = new Subscriptions();
  let removed = 0;
  const first = add(subscriptions, "a.b", 0, () => removed++);
  add(subscriptions, "a.b");
  assertEquals([subscriptions.size, openThings().listeners], [2, 2]);

  subscriptions.remove(first);
  subscriptions.remove(first);

  assertEquals([subscriptions.size, openThings().listeners, removed], [1, 1, 1]);
  removeAll(subscriptions);
  assertEquals([subscriptions.size, openThings().listeners], [0, 0]);
});
