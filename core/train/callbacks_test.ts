import { assertEquals, assertRejects } from "../deps/assert.ts";
import type { Moment } from "../manifest/moments.ts";
import { KBertError } from "../wall/errors.ts";
import type { WireValue } from "../wall/values.ts";
import { fakeRunPlugin } from "../../tests/fixtures/run_plugin.ts";
import { Callbacks, type RunCallback } from "./callbacks.ts";
import { FailureCounts, Stopwatch } from "./run_plugin.ts";

const STATE = { epoch: 0, step: 3, maxSteps: 10, shouldStop: false };
const MOMENTS: readonly Moment[] = [["onBatchEnd", 2, { loss: 1 }], ["onEvaluate", { val_loss: 2 }]];

function hub(callbacks: readonly RunCallback[]): {
  hub: Callbacks;
  failures: FailureCounts;
  stopwatch: Stopwatch;
  notes: string[];
} {
  const [failures, stopwatch, notes]: [FailureCounts, Stopwatch, string[]] = [
    new FailureCounts(),
    new Stopwatch(),
    [],
  ];
  return {
    hub: new Callbacks(callbacks, failures, stopwatch, (line) => notes.push(line)),
    failures,
    stopwatch,
    notes,
  };
}

/** A callback that declares these moments and wishes this. */
function wisher(
  name: string,
  moments: readonly string[],
  wishes: WireValue,
  heard: WireValue[] = [],
): RunCallback {
  const declared = Object.fromEntries(moments.map((moment) => [moment, () => null]));
  const notify = ([given, state]: readonly WireValue[]): WireValue => {
    heard.push({ given: given!, state: state! } as WireValue);
    return wishes;
  };
  return { plugin: fakeRunPlugin(name, { ...declared, notify }), onFailure: "skip" };
}

Deno.test("Callbacks.notify() tells each plugin, in one message, the moments that it declares", async () => {
  const [a, b]: [WireValue[], WireValue[]] = [[], []];
  const made = hub([wisher("a", ["onBatchEnd", "onEvaluate"], {}, a), wisher("b", ["onEvaluate"], {}, b)]);

  await made.hub.notify(MOMENTS, STATE);
  await made.hub.notify([["onTrainBegin"]], STATE);

  assertEquals(a, [{ given: MOMENTS, state: STATE }] as unknown as WireValue[]);
  assertEquals(b, [{ given: [MOMENTS[1]], state: STATE }] as unknown as WireValue[]);
  assertEquals([made.hub.wants("onBatchEnd"), made.hub.wants("onTrainBegin")], [true, false]);
});

Deno.test("Callbacks.notify() joins what all wish: nobody's checkpoint takes another's best weights away", async () => {
  const { hub: all } = hub([
    wisher("a", ["onEvaluate"], { save: "best", log: { x: 1 }, learningRate: 0.1, restoreBest: true }),
    wisher("b", ["onEvaluate"], {
      save: ["best", "checkpoint"],
      log: { x: 2 },
      shouldStop: true,
      reason: "enough",
    }),
    wisher("c", ["onEvaluate"], { learningRate: 0.2, shouldStop: true, reason: "later", restoreBest: false }),
  ]);

  assertEquals(await all.notify(MOMENTS, STATE), {
    ...{ stopper: "b", reason: "enough", learningRate: 0.2, checkpoint: true, best: ["a", "b"] },
    ...{ restoreBest: { a: true, c: false }, log: { "a/x": 1, "b/x": 2 } },
  });
});

Deno.test("Callbacks.notify() goes on without one that fails, counts it, and says so once; or ends the run", async () => {
  const broken = fakeRunPlugin("broken", {
    onEvaluate: () => null,
    notify: () => {
      throw new KBertError("call/timeout", "too late", { plugin: "broken", method: "notify", timeoutMs: 1 });
    },
  });
  const good = wisher("good", ["onEvaluate"], { shouldStop: true });

  const lenient = hub([{ plugin: broken, onFailure: "skip" }, good]);
  for (let time = 0; time < 3; time++) {
    assertEquals((await lenient.hub.notify(MOMENTS, STATE)).stopper, "good");
  }
  const strict = hub([{ plugin: broken, onFailure: "abort" }, good]);
  await assertRejects(() => strict.hub.notify(MOMENTS, STATE), KBertError, "too late");

  assertEquals([lenient.failures.table, strict.failures.table], [
    { broken: { "call/timeout": 3 } },
    { broken: { "call/timeout": 1 } },
  ]);
  assertEquals(lenient.notes, ["The callback broken failed, and the run goes on without it here: too late"]);
});

Deno.test("Callbacks.capture() and restore() carry what each remembers, by its name", async () => {
  const restored: WireValue[] = [];
  const rememberer = (name: string): RunCallback => ({
    plugin: fakeRunPlugin(name, {
      captureState: () => ({ name, best: 3 }),
      restoreState: ([state]) => void restored.push(state!) as undefined,
    }),
    onFailure: "skip",
  });
  const { hub: all } = hub([rememberer("a"), wisher("forgetful", ["onEvaluate"], {}), rememberer("b")]);

  const captured = await all.capture();
  await all.restore({ ...captured, b: null });
  await all.restore(undefined);

  assertEquals(captured, { a: { name: "a", best: 3 }, b: { name: "b", best: 3 } });
  assertEquals(restored, [{ name: "a", best: 3 }]);
});

Deno.test("Callbacks.capture() and restore() go on without one that fails, and count it; or end the run", async () => {
  const broken = (): WireValue => {
    throw new KBertError("call/failed", "no memory", { plugin: "a", method: "captureState" });
  };
  const plugin = fakeRunPlugin("a", { captureState: broken, restoreState: broken });
  const sane = fakeRunPlugin("b", { captureState: () => 7, restoreState: () => null });
  const both = (onFailure: RunCallback["onFailure"]): RunCallback[] => [
    { plugin, onFailure },
    { plugin: sane, onFailure },
  ];
  const lenient = hub(both("skip"));
  const strict = hub(both("abort"));

  assertEquals(await lenient.hub.capture(), { b: 7 });
  await lenient.hub.restore({ a: 1, b: 7 });

  assertEquals(lenient.failures.table, { a: { "call/failed": 2 } });
  assertEquals(lenient.notes, ["The callback a failed, and the run goes on without it here: no memory"]);
  await assertRejects(() => strict.hub.capture(), KBertError, "no memory");
  await assertRejects(() => strict.hub.restore({ a: 1 }), KBertError, "no memory");
});
