import { assertEquals, assertThrows } from "../deps/assert.ts";
import type { BusEvent } from "./event.ts";
import { History } from "./history.ts";

function eventOf(sequence: number, topic = "a.x"): BusEvent {
  return { topic, payload: null, source: "host", time: 0, sequence };
}

function sequencesOf(events: readonly BusEvent[]): number[] {
  return events.map(({ sequence }) => sequence);
}

Deno.test("History keeps the last events, however many there were", () => {
  for (const count of [0, 1, 3, 4, 6, 7, 100]) {
    const history = new History(3);
    for (let sequence = 1; sequence <= count; sequence++) history.add(eventOf(sequence));

    const expected = [count - 2, count - 1, count].filter((sequence) => sequence > 0);
    assertEquals(sequencesOf(history.last(">")), expected);
  }
});

Deno.test("History.last() counts only events that match", () => {
  const history = new History(10);
  for (let sequence = 1; sequence <= 9; sequence++) {
    history.add(eventOf(sequence, sequence % 2 ? "a.x" : "b.x"));
  }

  assertEquals(sequencesOf(history.last("b.*", 2)), [6, 8]);
  assertEquals(sequencesOf(history.last("b.*", 0)), []);
  assertEquals(sequencesOf(history.last("b.*")), [2, 4, 6, 8]);
});

Deno.test("History keeps nothing if its limit is 0, or it is cleared", () => {
  const none = new History(0);
  const cleared = new History(2);
  for (const history of [none, cleared]) for (const sequence of [1, 2, 3]) history.add(eventOf(sequence));

  cleared.clear();

  assertEquals(none.last(">"), []);
  assertEquals(cleared.last(">"), []);
  cleared.add(eventOf(4));
  assertEquals(sequencesOf(cleared.last(">")), [4]);
});

Deno.test("History refuses a limit that is no number of events", () => {
  for (const limit of [-1, 1.5, NaN, Infinity]) {
    assertThrows(() => new History(limit), RangeError, String(limit));
  }
});
