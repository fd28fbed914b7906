import { assertEquals, assertThrows } from "../deps/assert.ts";
import { KBertError } from "../wall/errors.ts";
import { EVENT_WINDOW } from "../wall/protocol.ts";
import { HeldEvents } from "./held_events.ts";

/** Events that wait, what was sent of them and how many found no room. */
class Waiting {
  readonly sent: unknown[] = [];
  dropped = 0;
  #sequence = 0;
  readonly events = new HeldEvents((count) => this.dropped += count);

  add(topic: string, payload: unknown, sending?: Promise<void>): Promise<void> | undefined {
    const event = { topic, payload: null, source: "host", time: 0, sequence: ++this.#sequence };
    return this.events.add(event, () => {
      this.sent.push(payload);
      return sending;
    });
  }
}

Deno.test("HeldEvents.release() sends everything in its order, telemetry in between", () => {
  const waiting = new Waiting();
  const topics = ["news.a", "log.info", "news.b", "metrics.recorded", "news.a"];

  topics.forEach((topic, index) => void waiting.add(topic, index));
  assertEquals(waiting.sent, []);
  waiting.events.release();
  waiting.events.release();

  assertEquals(waiting.sent, [0, 1, 2, 3, 4]);
});

Deno.test("HeldEvents.add() lets an emit wait until its event was sent, and telemetry for nothing", async () => {
  const waiting = new Waiting();
  const sending = Promise.withResolvers<void>();
  const done: string[] = [];

  const [slow, quick] = [waiting.add("news.a", 1, sending.promise), waiting.add("news.b", 2)];
  const all = [slow?.then(() => done.push("slow")), quick?.then(() => done.push("quick"))];
  assertEquals(waiting.add("log.info", 3), undefined);
  await Promise.resolve();
  assertEquals(done, []);

  waiting.events.release();
  await quick;
  assertEquals(done, ["quick"]);
  sending.resolve();
  await Promise.all(all);
  assertEquals(done, ["quick", "slow"]);
});

Deno.test("HeldEvents passes on that an event could not be sent, to whoever emitted it", async () => {
  const waiting = new Waiting();
  const emitted = waiting.add("news.a", 1, Promise.reject(new Error("the wall is closed")));
  const other = waiting.add("news.b", 2);

  waiting.events.release();

  assertEquals(await emitted?.catch((error: Error) => error.message), "the wall is closed");
  assertEquals(await other, undefined);
});

Deno.test("HeldEvents.discard() sends nothing, and lets nobody wait", async () => {
  const waiting = new Waiting();
  const emitted = waiting.add("news.a", 1);
  void waiting.add("log.info", 2);

  waiting.events.discard();
  waiting.events.release();

  assertEquals(await emitted, undefined);
  assertEquals([waiting.sent, waiting.dropped], [[], 0]);
});

Deno.test("HeldEvents drops telemetry beyond a window, tells how much, and keeps what is emitted", () => {
  const waiting = new Waiting();

  for (let index = 0; index < EVENT_WINDOW + 7; index++) void waiting.add("log.info", index);
  void waiting.add("news.a", "kept");
  waiting.events.release();

  assertEquals([waiting.dropped, waiting.sent.length], [7, EVENT_WINDOW + 1]);
  assertEquals(waiting.sent.at(-1), "kept");
});

Deno.test("HeldEvents refuses the event after ten thousand, and loses none of those before", () => {
  const waiting = new Waiting();
  for (let index = 0; index < 10_000; index++) void waiting.add("news.a", index);

  const error = assertThrows(() => waiting.add("news.late", "late"), KBertError);
  void waiting.add("log.info", "late");
  waiting.events.release();

  assertEquals([error.code, error.detail], ["wall/frame", { limit: 10_000, value: 10_000 }]);
  assertEquals(
    error.message,
    "Cannot pass news.late on: 10000 events wait already for a plugin to be reloaded",
  );
  assertEquals(waiting.sent, Array.from({ length: 10_000 }, (_, index) => index));
  assertEquals(waiting.dropped, 1);
});

Deno.test("HeldEvents that were released take others", async () => {
  const waiting = new Waiting();
  void waiting.add("news.a", 1);
  waiting.events.release();
  const second = waiting.add("news.a", 2);
  assertEquals(waiting.sent, [1]);

  waiting.events.release();

  await second;
  assertEquals(waiting.sent, [1, 2]);
});
