import { assertEquals } from "@std/assert";
import { createRuntime } from "k-bert";
import { CallbackConfig, type CallbackWishes, EventBus, type TrainerState } from "k-bert/sdk";
import { ModelCheckpoint } from "./model_checkpoint.ts";

type Settings = Partial<ConstructorParameters<typeof ModelCheckpoint>[0]>;

const DEFAULTS = { mode: "auto", save_best_only: true, every_epochs: 1, every_steps: 0 } as const;

function make(bus: EventBus, settings: Settings = {}): ModelCheckpoint {
  const config = { ...CallbackConfig({ name: "model_checkpoint", min_delta: 0 }), ...DEFAULTS, ...settings };
  return new ModelCheckpoint(config, bus);
}

function stateAt(step: number): TrainerState {
  return { epoch: 0, step, maxSteps: 100, shouldStop: false };
}

/** What an epoch of each value asks for. */
async function saved(
  callback: ModelCheckpoint,
  values: readonly (number | undefined)[],
  firstEpoch = 0,
): Promise<CallbackWishes["save"][]> {
  const saves: CallbackWishes["save"][] = [];
  for (const [index, value] of values.entries()) {
    const logs = { loss: 1, ...(value !== undefined && { [callback.config.monitor]: value }) };
    const epoch = firstEpoch + index;
    saves.push((await callback.onEpochEnd(epoch, logs)).save);
  }
  return saves;
}

const NO = undefined;
const CASES: readonly (readonly [
  title: string,
  settings: Settings,
  values: readonly (number | undefined)[],
  saves: readonly CallbackWishes["save"][],
])[] = [
  ["asks for each new best value", {}, [4, 3, 3, 5, 2], ["best", "best", NO, NO, "best"]],
  ["maximizes what is no loss", { monitor: "val_f1" }, [0.5, 0.25, 0.75], ["best", NO, "best"]],
  ["minimizes in the mode min", { monitor: "val_f1", mode: "min" }, [0.5, 0.25, 0.75], ["best", "best", NO]],
  ["wants more than min_delta", { min_delta: 0.25 }, [1, 0.75, 0.5], ["best", NO, "best"]],
  ["never takes NaN for the best", {}, [NaN, 2, NaN, 1], [NO, "best", NO, "best"]],
  ["passes an epoch without the metric over", {}, [2, undefined, 1], ["best", NO, "best"]],
  ["looks at every second epoch", { every_epochs: 2 }, [1, 4, 2, 5, 3, 3], [NO, "best", NO, NO, NO, "best"]],
  ["looks at no epoch", { every_epochs: 0 }, [3, 2, 1], [NO, NO, NO]],
  [
    "asks for a checkpoint whatever the metric is",
    { save_best_only: false, every_epochs: 2 },
    [1, 2, undefined, undefined],
    [NO, "checkpoint", NO, "checkpoint"],
  ],
];

for (const [title, settings, values, saves] of CASES) {
  Deno.test(`ModelCheckpoint ${title}, also when it is resumed after any epoch`, async () => {
    for (let resumed = 0; resumed < values.length; resumed++) {
      using bus = new EventBus();
      const [first, second] = [make(bus, settings), make(bus, settings)];

      const before = await saved(first, values.slice(0, resumed));
      second.restoreState(JSON.parse(JSON.stringify(first.captureState())));
      const after = await saved(second, values.slice(resumed), resumed);

      assertEquals([...before, ...after], saves, `resumed before epoch ${resumed}`);
    }
  });
}

Deno.test("ModelCheckpoint tells new best values, and a metric that nobody measures if it looks at it", async () => {
  using bus = new EventBus();

  await saved(make(bus, { monitor: "val_f1" }), [0.5, 0.5, undefined]);
  await saved(make(bus, { save_best_only: false }), [undefined]);

  const callback = "ModelCheckpoint";
  assertEquals(bus.history("callback.*").map(({ topic, payload }) => [topic, payload]), [
    ["callback.new_best_value", { callback, epoch: 0, metric: "val_f1", value: 0.5 }],
    ["callback.warning", { callback, message: "Monitor metric 'val_f1' not found in logs, which have loss" }],
  ]);
});

Deno.test("ModelCheckpoint has the moment after a step only if it asks for checkpoints by steps", () => {
  using bus = new EventBus();
  const without = make(bus);
  const withSteps = make(bus, { every_steps: 3 });

  const saves = [1, 2, 3, 4, 5, 6].map((step) => {
    return (withSteps.onBatchEnd?.(step - 1, { loss: 1 }, stateAt(step)) as CallbackWishes).save;
  });

  assertEquals("onBatchEnd" in without, false);
  assertEquals(saves, [NO, NO, "checkpoint", NO, NO, "checkpoint"]);
});

for (const tier of ["worker", "process"] as const) {
  Deno.test(`ModelCheckpoint asks through its port, in a ${tier}, and is sent steps only if it wants them`, async () => {
    await using runtime = await createRuntime({ spares: 0 });
    const start = (settings: Record<string, unknown>) =>
      runtime.plugins.start("plugins/model_checkpoint", { port: "callback", tier, settings });
    const byEpochs = await start({ monitor: "val_f1" });
    const state = stateAt(4);
    const moments = [["onEvaluate", { val_f1: 0.5 }], ["onEpochEnd", 0, { loss: 1, val_f1: 0.5 }]] as const;

    const epochs = [
      await byEpochs.methods().notify(moments, state),
      await byEpochs.methods().notify(moments, state),
    ];
    const unknown = await byEpochs.methods().onBatchEnd(0, { loss: 1 }, state).catch(({ code }) => code);
    await byEpochs.unload();
    const bySteps = await start({ every_steps: 4 });
    const steps: CallbackWishes[] = [];
    for (const step of [3, 4, 5, 6, 7, 8]) {
      const end = step === 4 ? [["onEpochEnd", 0, { val_loss: 1 }]] as const : [];
      steps.push(await bySteps.methods().notify([["onBatchEnd", step, { loss: 1 }], ...end], stateAt(step)));
    }

    assertEquals(epochs, [{ save: "best" }, {}]);
    assertEquals(unknown, "call/unknown-method");
    // The epoch's end is told with its last step, and both are wished.
    assertEquals(steps.map(({ save }) => save), [NO, ["checkpoint", "best"], NO, NO, NO, "checkpoint"]);
  });
}
