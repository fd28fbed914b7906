import { assertEquals } from "@std/assert";
import { CallbackConfig, EventBus, type RuntimeEvents } from "k-bert/sdk";
import { EarlyStoppingCallback } from "./early_stopping.ts";

/** Runs epochs until the callback asks to stop, and answers what it emitted. */
async function train(
  values: readonly number[],
  settings: { monitor?: string; patience?: number; min_delta?: number } = {},
): Promise<{ topics: string[]; stopped: RuntimeEvents["callback.early_stopping_triggered"] | undefined }> {
  using bus = new EventBus();
  const config = CallbackConfig({ name: "early_stopping", patience: 2, ...settings });
  const callback = new EarlyStoppingCallback(config, bus);
  const state = { epoch: 0, step: 0, maxSteps: 100, shouldStop: false };
  for (const [epoch, value] of values.entries()) {
    if (!state.shouldStop) await callback.onEpochEnd(epoch, { [config.monitor]: value }, state);
  }
  assertEquals(callback.stoppedEpoch !== undefined, state.shouldStop);
  const stopped = bus.history("callback.early_stopping_triggered").at(-1)?.payload;
  return { topics: bus.history("callback.*").map(({ topic }) => topic.replace("callback.", "")), stopped };
}

Deno.test("EarlyStoppingCallback stops after so many epochs without improvement in a row", async () => {
  const { topics, stopped } = await train([0.9, 0.8, 0.85, 0.7, 0.71, 0.7]);

  assertEquals(topics, ["new_best_value", "new_best_value", "new_best_value", "early_stopping_triggered"]);
  assertEquals(stopped, {
    ...{ callback: "EarlyStoppingCallback", epoch: 5, patience: 2 },
    ...{ best_value: 0.7, current_value: 0.7 },
  });
});

Deno.test("EarlyStoppingCallback goes on while the training becomes better", async () => {
  assertEquals((await train([0.9, 0.8, 0.85, 0.7, 0.75, 0.6])).stopped, undefined);
});

Deno.test("EarlyStoppingCallback takes more as better of what is no loss, and needs more than min_delta", async () => {
  const settings = { monitor: "accuracy", min_delta: 0.05 };

  assertEquals((await train([0.5, 0.6, 0.7, 0.8], settings)).stopped, undefined);
  assertEquals((await train([0.5, 0.53, 0.54], settings)).stopped?.best_value, 0.5);
});

Deno.test("EarlyStoppingCallback takes NaN as no improvement, also in the first epoch", async () => {
  assertEquals((await train([NaN, 0.9, NaN, NaN])).stopped?.best_value, 0.9);
  assertEquals((await train([NaN, NaN])).stopped?.best_value, Infinity);
});

Deno.test("EarlyStoppingCallback warns of a metric that nobody measures, and lets the training go on", async () => {
  using bus = new EventBus();
  const callback = new EarlyStoppingCallback(CallbackConfig({ name: "early_stopping" }), bus);
  const state = { epoch: 0, step: 0, maxSteps: 100, shouldStop: false };

  await callback.onEpochEnd(0, { loss: 1 }, state);

  assertEquals(state.shouldStop, false);
  assertEquals(bus.history("callback.*").map(({ payload }) => payload), [
    { callback: "EarlyStoppingCallback", message: "Monitor metric 'val_loss' not found in logs" },
  ]);
});
