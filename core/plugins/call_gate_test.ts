import { fakeTime } from "../../core/deps/fake_timers.ts";
import { assertEquals, assertRejects } from "../deps/assert.ts";
import { KBertError } from "../wall/errors.ts";
import type { CallOptions } from "../wall/options.ts";
import { CallGate } from "./call_gate.ts";

/** A gate of the plugin `sample`, and what passed it. */
class Entrance {
  readonly gate: CallGate;
  readonly passed: string[] = [];

  constructor(most = 10) {
    this.gate = new CallGate("sample", () => most);
    this.gate.close();
  }

  enter(name: string, options: CallOptions = {}): Promise<string> {
    return this.gate.enter("greet", options, () => {
      this.passed.push(name);
      return Promise.resolve(name);
    });
  }
}

/** How a call that is not to succeed was refused. */
async function refusal(call: Promise<unknown>): Promise<KBertError> {
  return await assertRejects(() => call, KBertError);
}

Deno.test("CallGate lets calls pass at once while it is open, with the options that they have", async () => {
  const gate = new CallGate("sample", () => 1);
  const options = { timeoutMs: 5 };
  const given: CallOptions[] = [];
  const pass = (options: CallOptions): Promise<number> => Promise.resolve(given.push(options));

  const calls = [gate.enter("greet", options, pass), gate.enter("greet", options, pass)];

  assertEquals(given, [options, options]);
  assertEquals([gate.isClosed, gate.waiting, gate.held], [false, 0, 0]);
  assertEquals(await Promise.all(calls), [1, 2]);
});

Deno.test("CallGate lets calls pass in the order in which they came, and before any that comes later", async () => {
  const entrance = new Entrance();
  const calls = ["first", "second", "third"].map((name) => entrance.enter(name));
  assertEquals([entrance.gate.waiting, entrance.passed], [3, []]);

  entrance.gate.open();
  const late = entrance.enter("late");

  assertEquals(entrance.passed, ["first", "second", "third", "late"]);
  assertEquals([entrance.gate.isClosed, entrance.gate.waiting, entrance.gate.held], [false, 0, 3]);
  assertEquals(await Promise.all([...calls, late]), ["first", "second", "third", "late"]);
});

Deno.test("CallGate.held counts the calls since it was closed, whatever came of them", async () => {
  const entrance = new Entrance();
  const giveUp = new AbortController();
  const [kept, givenUp] = [entrance.enter("kept"), entrance.enter("given up", { signal: giveUp.signal })];
  giveUp.abort();
  entrance.gate.close(); // is closed already, and loses nobody

  assertEquals([entrance.gate.held, entrance.gate.waiting], [2, 1]);
  entrance.gate.open();
  await Promise.all([kept, refusal(givenUp)]);
  entrance.gate.close();
  assertEquals([entrance.gate.held, entrance.gate.waiting], [0, 0]);
});

Deno.test("CallGate passes a call on with what is left of its time", async () => {
  using clock = fakeTime();
  const gate = new CallGate("sample", () => 10);
  gate.close();
  const { signal } = new AbortController();
  const left: CallOptions[] = [];
  const pass = (options: CallOptions): Promise<number> => Promise.resolve(left.push(options));

  const calls = [
    gate.enter("greet", { timeoutMs: 1_000, signal }, pass),
    gate.enter("greet", { timeoutMs: Infinity }, pass),
  ];
  await clock.tickAsync(400);
  gate.open();

  assertEquals(left, [{ timeoutMs: 600, signal }, { timeoutMs: Infinity }]);
  await Promise.all(calls);
});

Deno.test("CallGate refuses a call whose time is over while it waits, and never makes it", async () => {
  using clock = fakeTime();
  const entrance = new Entrance();
  const late = refusal(entrance.enter("late", { timeoutMs: 100 }));
  const patient = entrance.enter("patient", { timeoutMs: 101 });

  await clock.tickAsync(100);
  const error = await late;
  entrance.gate.open();

  const detail = { plugin: "sample", method: "greet", timeoutMs: 100 };
  assertEquals([error.code, error.detail], ["call/timeout", detail]);
  assertEquals(
    error.message,
    "The plugin sample did not answer greet() within 100 ms: it was being reloaded, and the call waited for that",
  );
  assertEquals([await patient, entrance.passed], ["patient", ["patient"]]);
});

Deno.test("CallGate refuses a call that is given up, before it waits and while it does", async () => {
  const entrance = new Entrance();
  const giveUp = new AbortController();
  const waiting = refusal(entrance.enter("waiting", { signal: giveUp.signal }));
  const reason = new Error("nobody wants it");
  giveUp.abort(reason);
  const late = refusal(entrance.enter("late", { signal: giveUp.signal }));

  for (const error of await Promise.all([waiting, late])) {
    assertEquals([error.code, error.cause], ["call/aborted", reason]);
    assertEquals(error.message, "The call of greet() of the plugin sample was given up");
  }
  assertEquals(entrance.gate.waiting, 0);
  entrance.gate.open();
  assertEquals(entrance.passed, []);
});

Deno.test("CallGate does not hear of a signal any more when the call has passed", async () => {
  const entrance = new Entrance();
  const giveUp = new AbortController();
  const call = entrance.enter("passed", { signal: giveUp.signal });

  entrance.gate.open();
  giveUp.abort();

  assertEquals(await call, "passed");
});

Deno.test("CallGate lets as many calls wait as may be open, and takes another when one has left", async () => {
  const entrance = new Entrance(2);
  const giveUp = new AbortController();
  const waiting = [entrance.enter("first"), refusal(entrance.enter("second", giveUp))];

  const error = await refusal(entrance.enter("third"));
  giveUp.abort();
  const fourth = entrance.enter("fourth");
  entrance.gate.open();

  assertEquals([error.code, error.detail], [
    "plugin/limit",
    { plugin: "sample", limit: "openCalls", most: 2, value: 2 },
  ]);
  assertEquals(
    error.message,
    "The plugin sample is being reloaded, and 2 calls wait for that already; wait for some of them, or load it " +
      "with a higher limits.openCalls",
  );
  await Promise.all([...waiting, fourth]);
  assertEquals(entrance.passed, ["first", "fourth"]);
});

Deno.test("CallGate.fail() refuses those that wait with the reason, and lets pass who comes then", async () => {
  const entrance = new Entrance();
  const waiting = ["first", "second"].map((name) => assertRejects(() => entrance.enter(name), Error));
  const reason = new Error("it crashed");

  entrance.gate.fail(reason);

  assertEquals(await Promise.all(waiting), [reason, reason]);
  assertEquals(await entrance.enter("late"), "late");
  assertEquals([entrance.passed, entrance.gate.isClosed], [["late"], false]);
});

Deno.test("CallGate passes on what a call throws, to its caller only", async () => {
  const entrance = new Entrance();
  const broken = assertRejects(
    () => entrance.gate.enter("greet", {}, () => Promise.reject(new Error("no soup"))),
    Error,
    "no soup",
  );
  const other = entrance.enter("other");

  entrance.gate.open();

  await broken;
  assertEquals(await other, "other");
});

Deno.test("CallGate closed by a call that passes lets the others pass, and holds those after them", async () => {
  const entrance = new Entrance();
  const first = entrance.gate.enter("greet", {}, () => {
    entrance.gate.close();
    return Promise.resolve("first");
  });
  const second = entrance.enter("second");

  entrance.gate.open();
  const third = entrance.enter("third");

  assertEquals([entrance.passed, entrance.gate.waiting], [["second"], 1]);
  entrance.gate.open();
  assertEquals(await Promise.all([first, second, third]), ["first", "second", "third"]);
});

Deno.test("CallGate leaves the check of a time that is none to whoever makes the call", async () => {
  const entrance = new Entrance();

  assertEquals(await entrance.enter("odd", { timeoutMs: NaN }), "odd");

  assertEquals(entrance.gate.waiting, 0);
});

Deno.test("CallGate asks how many may wait each time: a version may have another limit", async () => {
  let most = 1;
  const gate = new CallGate("sample", () => most);
  gate.close();
  const first = gate.enter("work", {}, () => Promise.resolve("first"));
  await assertRejects(() => gate.enter("work", {}, () => Promise.resolve("second")), Error, "1 calls wait");

  most = 2;
  const second = gate.enter("work", {}, () => Promise.resolve("second"));
  gate.open();

  assertEquals([await first, await second], ["first", "second"]);
});
