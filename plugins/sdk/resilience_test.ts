import { assertEquals, assertRejects } from "../../core/deps/assert.ts";
import { fakeTime } from "../../core/deps/fake_timers.ts";
import { firstThatWorks, retry } from "./resilience.ts";

/** Fails so often, and writes down when it was tried. */
function failing(times: number): { run: () => string; tried: number[] } {
  const tried: number[] = [];
  return {
    tried,
    run: () => {
      tried.push(Date.now());
      if (tried.length <= times) throw new Error(`failure ${tried.length}`);
      return "done";
    },
  };
}

Deno.test("retry() waits twice as long after each failure, up to the longest wait", async () => {
  using clock = fakeTime();
  const { run, tried } = failing(5);

  const done = retry(run, { attempts: 6, baseMs: 100, maxMs: 500, jitter: 0 });
  await clock.runAllAsync();

  assertEquals([await done, tried], ["done", [0, 100, 300, 700, 1_200, 1_700]]);
});

Deno.test("retry() tries three times with a second between by default, and throws the last error itself", async () => {
  using clock = fakeTime();
  const { run, tried } = failing(Infinity);

  const error = assertRejects(() => retry(run, { jitter: 0 }), Error);
  await clock.runAllAsync();

  assertEquals([(await error).message, tried], ["failure 3", [0, 1_000, 3_000]]);
});

Deno.test("retry() does not try again where it cannot help, nor after the first success", async () => {
  const { run, tried } = failing(Infinity);

  await assertRejects(() => retry(run, { isRetryable: () => false }), Error, "failure 1");
  assertEquals(await retry(() => Promise.resolve("at once")), "at once");

  assertEquals(tried.length, 1);
});

Deno.test("retry() that is given up stops waiting, and leaves no timer", async () => {
  using clock = fakeTime();
  const { run, tried } = failing(Infinity);
  const abort = new AbortController();

  const given = assertRejects(() => retry(run, { jitter: 0, signal: abort.signal }), Error, "enough");
  await clock.tickAsync(500);
  abort.abort(new Error("enough"));
  await given;
  await clock.runAllAsync();

  assertEquals([tried.length, clock.countTimers()], [1, 0]);
});

Deno.test("retry() tells of each attempt that failed", async () => {
  const told: [message: string, attempt: number][] = [];

  await retry(failing(2).run, {
    baseMs: 0,
    onFailure: (error, attempt) => told.push([(error as Error).message, attempt]),
  });

  assertEquals(told, [["failure 1", 1], ["failure 2", 2]]);
});

Deno.test("firstThatWorks() goes on to simpler ways, and tells of each that failed", async () => {
  const told: unknown[] = [];
  const ways = [
    (): string => {
      throw new Error("no memory");
    },
    (): Promise<string> => Promise.reject(new Error("no disk")),
    (): string => "simple",
    (): string => "never tried",
  ];

  const answer = await firstThatWorks(ways, (error, way) => told.push([(error as Error).message, way]));

  assertEquals([answer, told], ["simple", [["no memory", 0], ["no disk", 1]]]);
});

Deno.test("firstThatWorks() throws the errors of all when none works", async () => {
  const ways = ["a", "b"].map((name) => () => Promise.reject(new Error(name)));

  const error = await assertRejects(
    () => firstThatWorks(ways, () => {}),
    AggregateError,
    "None of 2 ways worked",
  );

  assertEquals(error.errors.map(({ message }: Error) => message), ["a", "b"]);
  await assertRejects(() => firstThatWorks([], () => {}), AggregateError, "None of 0 ways worked");
});
