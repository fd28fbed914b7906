import { assertEquals, assertRejects, assertThrows } from "../core/deps/assert.ts";
import { limitedTimers } from "./timer_limit.ts";

Deno.test("limitedTimers() has room again for each timer that fired or was cleared, once", async () => {
  const { setTimeout, setInterval, clearTimeout, clearInterval } = limitedTimers(2);
  const interval = setInterval(() => {}, 60_000);
  const timeout = setTimeout(() => {}, 60_000);
  assertThrows(() => setTimeout(() => {}, 0), RangeError, "cannot have more than 2 timers at once");

  clearInterval(interval);
  clearInterval(interval);
  await new Promise<unknown>((resolve) => setTimeout(resolve, 0));
  const again = setInterval(() => {}, 60_000);

  assertThrows(() => setInterval(() => {}, 0), RangeError, "cannot have more than 2 timers at once");
  clearTimeout(timeout);
  clearTimeout(again);
  clearTimeout("no timer");
});

Deno.test("limitedTimers() gives a timer's function its arguments, each time", async () => {
  const { setTimeout, setInterval, clearInterval } = limitedTimers();
  const heard: unknown[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const interval = setInterval(
    (name) => {
      if (heard.push(name) === 2) resolve();
    },
    1,
    "tick",
  );
  await promise;
  clearInterval(interval);

  assertEquals(heard, ["tick", "tick"]);
  assertEquals(await new Promise((resolve) => setTimeout(resolve, 1, "over")), "over");
});

Deno.test("limitedTimers() counts the timers of signals, which end as those of the platform do", async () => {
  const { setTimeout, timeoutSignal } = limitedTimers(1);
  const signal = timeoutSignal(1);
  assertThrows(() => setTimeout(() => {}, 0), RangeError, "cannot have more than 1 timers");

  const expired = new Promise((_, reject) => signal.onabort = () => reject(signal.reason));

  const error = await assertRejects(() => expired, DOMException, "timed out");
  assertEquals(error.name, "TimeoutError");
});
