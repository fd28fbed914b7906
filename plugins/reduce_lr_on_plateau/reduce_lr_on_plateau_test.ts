import { assertEquals } from "@std/assert";
import { createRuntime } from "k-bert";
import { CallbackConfig, EventBus } from "k-bert/sdk";
import { type LearningRateEvents, ReduceLearningRateOnPlateau } from "./reduce_lr_on_plateau.ts";

type Settings = Partial<ConstructorParameters<typeof ReduceLearningRateOnPlateau>[0]>;

const DEFAULTS = { mode: "auto", factor: 0.5, cooldown: 0, min_learning_rate: 0 } as const;

function make(bus: EventBus<LearningRateEvents>, settings: Settings = {}): ReduceLearningRateOnPlateau {
  const config = CallbackConfig({ name: "reduce_lr_on_plateau", patience: 2, min_delta: 0 });
  return new ReduceLearningRateOnPlateau({ ...config, ...DEFAULTS, ...settings }, bus);
}

/** The learning rate of each epoch and of the one after the last, with a trainer that keeps what is wished. */
async function rates(
  callbackOf: (epoch: number) => ReduceLearningRateOnPlateau,
  values: readonly (number | undefined)[],
): Promise<number[]> {
  const used = [1];
  for (const [epoch, value] of values.entries()) {
    const callback = callbackOf(epoch);
    const learningRate = used.at(-1)!;
    const state = { epoch, step: epoch + 1, maxSteps: values.length, shouldStop: false, learningRate };
    const logs = { loss: 1, ...(value !== undefined && { [callback.config.monitor]: value }) };
    used.push((await callback.onEpochEnd(epoch, logs, state)).learningRate ?? learningRate);
  }
  return used;
}

// Powers of two, so that products have no rounding.
const CASES: readonly (readonly [
  title: string,
  settings: Settings,
  values: readonly (number | undefined)[],
  rates: readonly number[],
])[] = [
  ["leaves the rate alone while the metric improves", {}, [4, 3, 2, 1], [1, 1, 1, 1, 1]],
  ["reduces after patience epochs without improvement", {}, [4, 5, 4, 3], [1, 1, 1, 0.5, 0.5]],
  ["begins to count anew after a reduction", {}, [1, 1, 1, 1, 1, 1], [1, 1, 1, 0.5, 0.5, 0.25, 0.25]],
  ["begins to count anew after an improvement", {}, [4, 4, 3, 3, 2], [1, 1, 1, 1, 1, 1]],
  ["takes a patience of 0 for one of 1", { patience: 0 }, [1, 1, 0.5], [1, 1, 0.5, 0.5]],
  ["multiplies with the factor", { patience: 1, factor: 0.25 }, [1, 1, 1], [1, 1, 0.25, 0.0625]],
  ["goes no lower than min_learning_rate", { patience: 1, min_learning_rate: 0.375 }, [1, 1, 1, 1], [
    ...[1, 1, 0.5, 0.375, 0.375],
  ]],
  ["wants more than min_delta", { patience: 1, min_delta: 0.25 }, [1, 0.75, 0.5], [1, 1, 0.5, 0.5]],
  ["maximizes what is no loss", { patience: 1, monitor: "val_f1" }, [0.5, 0.75, 0.5], [1, 1, 1, 0.5]],
  ["minimizes in the mode min", { patience: 1, monitor: "val_f1", mode: "min" }, [0.5, 0.75], [1, 1, 0.5]],
  ["takes NaN for no improvement", {}, [NaN, NaN, 3, NaN, NaN], [1, 1, 0.5, 0.5, 0.5, 0.25]],
  ["passes an epoch without the metric over", {}, [1, 1, undefined, 1], [1, 1, 1, 1, 0.5]],
  ["counts no epoch of the cooldown", { patience: 1, cooldown: 2 }, [1, 1, 1, 1, 1, 1], [
    ...[1, 1, 0.5, 0.5, 0.5, 0.25, 0.25],
  ]],
  [
    "takes a new best in the cooldown for one",
    { patience: 1, cooldown: 1 },
    [4, 4, 2, 3, 2],
    [1, 1, 0.5, 0.5, 0.25, 0.25],
  ],
  [
    "counts no epoch without the metric as one of the cooldown",
    { patience: 1, cooldown: 1 },
    [1, 1, undefined, 1, 1],
    [1, 1, 0.5, 0.5, 0.5, 0.25],
  ],
];

for (const [title, settings, values, expected] of CASES) {
  Deno.test(`ReduceLearningRateOnPlateau ${title}, also when it is resumed after any epoch`, async () => {
    for (let resumed = 0; resumed < values.length; resumed++) {
      using bus = new EventBus<LearningRateEvents>();
      const [first, second] = [make(bus, settings), make(bus, settings)];

      const used = await rates((epoch) => {
        if (epoch === resumed) second.restoreState(JSON.parse(JSON.stringify(first.captureState())));
        return epoch < resumed ? first : second;
      }, values);

      assertEquals(used, expected, `resumed before epoch ${resumed}`);
    }
  });
}

Deno.test("ReduceLearningRateOnPlateau tells what it changed, and what is missing", async () => {
  using bus = new EventBus<LearningRateEvents>();
  const callback = make(bus, { patience: 1 });
  const state = { epoch: 0, step: 1, maxSteps: 9, shouldStop: false, learningRate: 0.25 };

  await callback.onEpochEnd(0, { val_loss: 1 }, state);
  await callback.onEpochEnd(1, { val_loss: 1 }, state);
  await callback.onEpochEnd(2, { loss: 1 }, state);

  const name = "ReduceLearningRateOnPlateau";
  assertEquals(bus.history("callback.*").map(({ topic, payload }) => [topic, payload]), [
    ["callback.learning_rate_reduced", { callback: name, epoch: 1, from: 0.25, to: 0.125 }],
    ["callback.warning", {
      callback: name,
      message: "Monitor metric 'val_loss' not found in logs, which have loss",
    }],
  ]);
});

Deno.test("ReduceLearningRateOnPlateau reduces nothing that it does not know, and nothing that is 0", async () => {
  using bus = new EventBus<LearningRateEvents>();
  const callback = make(bus, { patience: 1 });
  const state = { epoch: 0, step: 1, maxSteps: 9, shouldStop: false };

  await callback.onEpochEnd(0, { val_loss: 1 }, state);
  const wishes = [
    await callback.onEpochEnd(1, { val_loss: 1 }, state),
    await callback.onEpochEnd(2, { val_loss: 1 }, { ...state, learningRate: 0 }),
    await callback.onEpochEnd(3, { val_loss: 1 }, { ...state, learningRate: 1 }),
  ];

  assertEquals(wishes, [{}, {}, { learningRate: 0.5 }]);
  assertEquals(bus.history("callback.warning").map(({ payload }) => payload.message), [
    "The learning rate is not reduced, because the trainer does not say what it is",
  ]);
});

for (const tier of ["worker", "process"] as const) {
  Deno.test(`ReduceLearningRateOnPlateau lowers the rate through its port, in a ${tier}`, async () => {
    await using runtime = await createRuntime<LearningRateEvents>({ spares: 0 });
    const options = { port: "callback", settings: { patience: 1 }, tier } as const;
    const plugin = await runtime.plugins.start("plugins/reduce_lr_on_plateau", options);
    const told: LearningRateEvents["callback.learning_rate_reduced"][] = [];
    runtime.events.on("callback.learning_rate_reduced", (payload) => told.push(payload));

    const wishes: unknown[] = [];
    for (const [epoch, val_loss] of [0.5, NaN].entries()) {
      const state = { epoch, step: 4 * epoch, maxSteps: 8, shouldStop: false, learningRate: 0.25 };
      const moments = [["onEvaluate", { val_loss }], ["onEpochEnd", epoch, { loss: 1, val_loss }]] as const;
      wishes.push(await plugin.methods().notify(moments, state));
    }

    assertEquals(wishes, [{}, { learningRate: 0.125 }]);
    assertEquals(told, [{ callback: "ReduceLearningRateOnPlateau", epoch: 1, from: 0.25, to: 0.125 }]);
    assertEquals(await plugin.methods().captureState(), { best: 0.5, wait: 0, cooling: 0 });
  });
}
