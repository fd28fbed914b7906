import { assertEquals } from "../../core/deps/assert.ts";
import { CallbackPort, type Logs, type TrainerState } from "./callback.ts";
import { CallbackConfig } from "./config.ts";
import { EventBus } from "./event_bus.ts";

/** Stops when the metric did not get better for a while; lower is better. */
class EarlyStopping extends CallbackPort {
  #best = Infinity;
  #epochs = 0;

  override onEpochEnd(_epoch: number, logs: Logs, state: TrainerState): void {
    const { monitor, patience, min_delta } = this.config;
    const value = logs[monitor] ?? Infinity;
    if (value < this.#best - min_delta) [this.#best, this.#epochs] = [value, 0];
    else if (++this.#epochs >= patience) state.shouldStop = true;
  }
}

Deno.test("CallbackPort lets the guide's early stopping be written with its config and the state", () => {
  using bus = new EventBus();
  const config = CallbackConfig({ name: "stopper", monitor: "loss", patience: 2, min_delta: 0.1 });
  const callback = new EarlyStopping(config, bus);

  const stops = [1, 0.95, 0.5, 0.45, 0.44].map((loss, epoch) => {
    const state = { epoch, step: epoch, maxSteps: 5, shouldStop: false };
    callback.onEpochEnd(epoch, { loss }, state);
    return state.shouldStop;
  });

  assertEquals(stops, [false, false, false, false, true]);
});

Deno.test("CallbackPort has no moments of its own: one that is not written is never sent", () => {
  using bus = new EventBus();
  const callback = new EarlyStopping(CallbackConfig({ name: "stopper" }), bus);

  const moments = ["onTrainBegin", "onTrainEnd", "onEpochBegin", "onEpochEnd", "onBatchBegin", "onBatchEnd"];
  assertEquals(moments.filter((name) => name in callback), ["onEpochEnd"]);
});
