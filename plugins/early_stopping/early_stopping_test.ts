import { assertEquals } from "@std/assert";
import { createRuntime } from "k-bert";
import { CallbackConfig, type CallbackWishes, EventBus, type Logs, type RuntimeEvents } from "k-bert/sdk";
import { EarlyStopping } from "./early_stopping.ts";

type Settings = Partial<ConstructorParameters<typeof EarlyStopping>[0]>;

const DEFAULTS = { mode: "auto", restore_best_weights: true, start_from_epoch: 0 } as const;

/** A callback with a bus of its own. */
class Made implements Disposable {
  readonly bus = new EventBus();
  readonly callback: EarlyStopping;

  constructor(settings: Settings = {}) {
    const config = { ...CallbackConfig({ name: "early_stopping", patience: 2, min_delta: 0 }), ...DEFAULTS };
    this.callback = new EarlyStopping({ ...config, ...settings }, this.bus);
  }

  /** Topics without `callback.`, and payloads without the name of the class. */
  get heard(): [topic: string, payload: object][] {
    return this.bus.history("callback.*").map(({ topic, payload }) => {
      const { callback, ...others } = payload;
      assertEquals(callback, "EarlyStopping");
      return [topic.replace("callback.", ""), others];
    });
  }

  [Symbol.dispose](): void {
    this.bus[Symbol.dispose]();
  }
}

/** A value of the metric; undefined for an epoch that does not measure it. */
type Values = readonly (number | undefined)[];

function logsOf(monitor: string, value: number | undefined): Logs {
  return value === undefined ? { other: 1 } : { other: 1, [monitor]: value };
}

/** What an epoch's wishes amount to, in a word. */
function wordOf({ save, shouldStop, restoreBest }: CallbackWishes): string {
  const words = [save, shouldStop && "stop", restoreBest && "restore"].filter((word) =>
    typeof word === "string"
  );
  return words.join("+") || "go on";
}

interface Case {
  readonly title: string;
  readonly settings?: Settings;
  readonly values: Values;
  /** One for each epoch until it stops. */
  readonly words: readonly string[];
}

// Values are halves, quarters and eighths, so that min_delta is met exactly.
const CASES: readonly Case[] = [
  {
    title: "goes on while the metric becomes better",
    values: [4, 3, 2, 1],
    words: ["best", "best", "best", "best"],
  },
  {
    title: "stops after patience epochs without improvement in a row",
    values: [4, 3, 5, 2, 2, 2.5],
    words: ["best", "best", "go on", "best", "go on", "stop+restore"],
  },
  {
    title: "takes a plateau for no improvement",
    values: [1, 1, 1],
    words: ["best", "go on", "stop+restore"],
  },
  {
    title: "takes a change of exactly min_delta for no improvement",
    settings: { min_delta: 0.25 },
    values: [1, 0.75, 0.5, 0.25, 0.125],
    words: ["best", "go on", "best", "go on", "best"],
  },
  {
    title: "compares with the best value, not with the last",
    settings: { min_delta: 0.25 },
    values: [1, 0.875, 0.75],
    words: ["best", "go on", "stop+restore"],
  },
  {
    title: "maximizes what is no loss",
    settings: { monitor: "val_f1" },
    values: [0.25, 0.5, 0.375, 0.25],
    words: ["best", "best", "go on", "stop+restore"],
  },
  {
    title: "maximizes a loss in the mode max",
    settings: { mode: "max" },
    values: [1, 2, 1.5, 1.5],
    words: ["best", "best", "go on", "stop+restore"],
  },
  {
    title: "counts NaN against the patience",
    values: [1, NaN, 0.5, NaN, NaN],
    words: ["best", "go on", "best", "go on", "stop+restore"],
  },
  {
    title: "stops a training that has been NaN from the first epoch on, and restores nothing",
    values: [NaN, Infinity],
    words: ["go on", "stop"],
  },
  {
    title: "takes the first number after NaN as the best",
    values: [NaN, 8, 9, 9],
    words: ["go on", "best", "go on", "stop+restore"],
  },
  {
    title: "counts no epoch that does not have the metric",
    values: [1, 2, undefined, undefined, undefined, 2],
    words: ["best", "go on", "go on", "go on", "go on", "stop+restore"],
  },
  {
    title: "with a patience of 0 stops in the first epoch without improvement",
    settings: { patience: 0 },
    values: [2, 1, 1],
    words: ["best", "best", "stop+restore"],
  },
  {
    title: "with a patience of 1 does the same",
    settings: { patience: 1 },
    values: [2, 1, 1],
    words: ["best", "best", "stop+restore"],
  },
  {
    title: "does not look at epochs before start_from_epoch",
    settings: { start_from_epoch: 3 },
    values: [1, 1, 1, 4, 5, 4],
    words: ["go on", "go on", "go on", "best", "go on", "stop+restore"],
  },
  {
    title: "stops a training that does not beat the baseline, also while it improves",
    settings: { baseline: 1 },
    values: [4, 3],
    words: ["best", "best+stop+restore"],
  },
  {
    title: "does not take the baseline for beaten by exactly min_delta",
    settings: { baseline: 1, min_delta: 0.5 },
    values: [4, 0.5],
    words: ["best", "best+stop+restore"],
  },
  {
    title: "waits for the next improvement after the baseline is beaten",
    settings: { baseline: 2 },
    values: [4, 1, 1.5, 0.5, 0.75, 0.5],
    words: ["best", "best", "go on", "best", "go on", "stop+restore"],
  },
  {
    title: "keeps and restores no weights if it is not told to",
    settings: { restore_best_weights: false },
    values: [2, 1, 1, 1],
    words: ["go on", "go on", "go on", "stop"],
  },
];

for (const { title, settings, values, words } of CASES) {
  Deno.test(`EarlyStopping ${title}`, async () => {
    using made = new Made(settings);
    const { callback } = made;

    const wishes: CallbackWishes[] = [];
    for (const [epoch, value] of values.entries()) {
      wishes.push(await callback.onEpochEnd(epoch, logsOf(callback.config.monitor, value)));
    }

    assertEquals(wishes.map(wordOf), words);
  });

  Deno.test(`EarlyStopping that is resumed after any epoch ${title}`, async () => {
    for (let resumed = 1; resumed < values.length; resumed++) {
      using first = new Made(settings);
      using second = new Made(settings);
      const wishes: CallbackWishes[] = [];
      for (const [epoch, value] of values.entries()) {
        if (epoch === resumed) {
          second.callback.restoreState(JSON.parse(JSON.stringify(first.callback.captureState())));
        }
        const { callback } = epoch < resumed ? first : second;
        wishes.push(await callback.onEpochEnd(epoch, logsOf(callback.config.monitor, value)));
      }

      assertEquals(wishes.map(wordOf), words, `resumed before epoch ${resumed}`);
    }
  });
}

Deno.test("EarlyStopping emits the events of the guide", async () => {
  using made = new Made({ monitor: "val_f1" });

  for (const [epoch, value] of [0.25, undefined, 0.5, 0.5, NaN].entries()) {
    await made.callback.onEpochEnd(epoch, logsOf("val_f1", value));
  }

  assertEquals(made.heard, [
    ["new_best_value", { epoch: 0, metric: "val_f1", value: 0.25 }],
    ["warning", { message: "Monitor metric 'val_f1' not found in logs, which have other" }],
    ["new_best_value", { epoch: 2, metric: "val_f1", value: 0.5 }],
    ["early_stopping_triggered", { epoch: 4, patience: 2, best_value: 0.5, current_value: NaN }],
  ]);
});

Deno.test("EarlyStopping has no best value to tell if there never was a finite one", async () => {
  using made = new Made();

  for (const epoch of [0, 1]) await made.callback.onEpochEnd(epoch, { val_loss: NaN });

  const payload = { epoch: 1, patience: 2, best_value: NaN, current_value: NaN };
  assertEquals(made.heard, [["early_stopping_triggered", payload]]);
});

Deno.test("EarlyStopping says why it stops", async () => {
  const reasons: [settings: Settings, values: number[], reason: string][] = [
    [{}, [1, 2, 2], "val_loss has not been better than 1 for 2 epochs (patience 2)"],
    [{ patience: 0 }, [1, 2], "val_loss has not been better than 1 for 1 epoch (patience 0)"],
    [
      { baseline: 0.5 },
      [2, 1],
      "val_loss has not been better than the baseline 0.5 for 2 epochs (patience 2)",
    ],
    [{}, [NaN, NaN], "val_loss has been no finite number for 2 epochs (patience 2)"],
  ];

  for (const [settings, values, reason] of reasons) {
    using made = new Made(settings);
    let last: CallbackWishes = {};
    for (const [epoch, val_loss] of values.entries()) {
      last = await made.callback.onEpochEnd(epoch, { val_loss });
    }
    assertEquals(last.reason, reason);
  }
});

Deno.test("EarlyStopping goes back to the best weights of a training that ended by itself, if it kept any", async () => {
  using kept = new Made();
  using none = new Made();
  using notAsked = new Made({ restore_best_weights: false });

  await kept.callback.onEpochEnd(0, { val_loss: 1 });
  await none.callback.onEpochEnd(0, { val_loss: NaN });
  await notAsked.callback.onEpochEnd(0, { val_loss: 1 });

  const wishes = [kept, none, notAsked].map(({ callback }) => callback.onTrainEnd());
  assertEquals(wishes, [{ restoreBest: true }, {}, {}]);
});

for (const tier of ["worker", "process"] as const) {
  Deno.test(`EarlyStopping stops a training through its port, in a ${tier}, and goes on from its state`, async () => {
    await using runtime = await createRuntime({ spares: 0 });
    const options = { port: "callback", settings: { patience: 2, min_delta: 0.25 }, tier } as const;
    const stopped: RuntimeEvents["callback.early_stopping_triggered"][] = [];
    runtime.events.on("callback.early_stopping_triggered", (payload) => stopped.push(payload));
    let plugin = await runtime.plugins.start("plugins/early_stopping", options);
    const answers: CallbackWishes[] = [];

    for (const [epoch, val_loss] of [1, 0.75, NaN].entries()) {
      const state = { epoch, step: 10 * epoch + 10, maxSteps: 100, shouldStop: false };
      const moments = [["onEvaluate", { val_loss }], ["onEpochEnd", epoch, { val_loss }]] as const;
      answers.push(await plugin.methods().notify(moments, state));
      const captured = await plugin.methods().captureState();
      await plugin.unload();
      plugin = await runtime.plugins.start("plugins/early_stopping", options);
      await plugin.methods().restoreState(captured);
    }
    const end = { epoch: 2, step: 30, maxSteps: 100, shouldStop: false };
    answers.push(await plugin.methods().onTrainEnd({}, end));

    assertEquals(answers, [
      { save: "best" },
      {},
      {
        shouldStop: true,
        reason: "val_loss has not been better than 1 for 2 epochs (patience 2)",
        restoreBest: true,
      },
      { restoreBest: true },
    ]);
    assertEquals(stopped, [{
      callback: "EarlyStopping",
      epoch: 2,
      patience: 2,
      best_value: 1,
      current_value: NaN,
    }]);
  });
}
