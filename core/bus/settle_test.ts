import { assertEquals, assertRejects } from "../deps/assert.ts";
import { fakeTime } from "../../core/deps/fake_timers.ts";
import { settle, type SettleOptions } from "./settle.ts";

function recorder(options: Partial<SettleOptions> = {}): [string[], SettleOptions] {
  const failures: string[] = [];
  return [failures, {
    deadlineMs: 100,
    signal: undefined,
    onFailure: (error, reason) => failures.push(`${reason}: ${(error as Error).message}`),
    toAborted: (cause) => new Error(`given up: ${cause}`),
    ...options,
  }];
}

function later<Value>(delayMs: number, outcome: () => Value): Promise<Value> {
  return new Promise((resolve, reject) =>
    setTimeout(() => {
      try {
        resolve(outcome());
      } catch (error) {
        reject(error);
      }
    }, delayMs)
  );
}

function no(): never {
  throw new Error("no");
}

Deno.test("settle() resolves when the last promise is done, and leaves no timer", async () => {
  using clock = fakeTime();
  const [failures, options] = recorder();
  let done = false;

  settle([later(10, () => 1), later(50, no)], options).then(() => done = true);
  await clock.tickAsync(49);
  assertEquals(done, false);
  await clock.tickAsync(1);

  assertEquals([done, failures], [true, ["threw: no"]]);
  assertEquals(clock.countTimers(), 0);
});

Deno.test("settle() calls each late promise a failure once, though it rejects later", async () => {
  using clock = fakeTime();
  const [failures, options] = recorder();
  let done = false;

  settle([later(200, no), new Promise(() => {}), later(99, () => 1)], options).then(() => done = true);
  await clock.tickAsync(100);
  assertEquals(done, true);
  await clock.tickAsync(1_000);

  const late = "late: It was not done within 100 ms";
  assertEquals(failures, [late, late]);
});

Deno.test("settle() is given up by its signal, and still hears of who rejects", async () => {
  using clock = fakeTime();
  const controller = new AbortController();
  const [failures, options] = recorder({ signal: controller.signal, deadlineMs: Infinity });

  const waiting = settle([later(10, no), new Promise(() => {})], options);
  controller.abort("enough");

  await assertRejects(() => waiting, Error, "given up: enough");
  await clock.tickAsync(10);
  assertEquals(failures, ["threw: no"]);
  assertEquals(clock.countTimers(), 0);
});

Deno.test("settle() does not wait for a signal that has aborted before", async () => {
  const [, options] = recorder({ signal: AbortSignal.abort("before") });

  await assertRejects(() => settle([new Promise(() => {})], options), Error, "given up: before");
});
