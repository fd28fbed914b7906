/**
 * The template of a training callback.
 *
 * @module
 */
import type { PluginNames } from "../plugin_names.ts";
import type { Template } from "./template.ts";

/** A callback that stops a training which is good enough. */
export function callbackTemplate({ plugin, file, className }: PluginNames): Template {
  return {
    description: "Stops a training when the metric that it watches is good enough",
    performance: "One message for each epoch, and a comparison.",
    manifest: `configuration:
  target:
    type: float
    default: 0.1
    description: What the metric has to reach; with the default metric, a loss, from above

events:
  emits:
    - callback.new_best_value
`,
    source: `/**
 * A callback: stops a training when the metric that it watches is good enough.
 *
 * @module
 */
import {
  type CallbackConfig,
  CallbackPort,
  defineConfiguration,
  type InferSettings,
  type Logs,
  Monitor,
  type TrainerState,
} from "k-bert/sdk";

/** The same as in plugin.yaml, for the compiler; when the plugin is loaded, the two are compared. */
const configuration = defineConfiguration({
  target: { type: "float", default: 0.1 },
});

type Settings = CallbackConfig & InferSettings<typeof configuration>;

/** Looks at \`monitor\` when an epoch ends. Whether lower or higher is better goes by the metric's name. */
export class ${className} extends CallbackPort<Settings> {
  static readonly configuration = configuration;
  readonly #monitor = new Monitor(this.config);
  #best: number | undefined;

  /** Each method that a callback declares is a message for each such moment; so it declares no more than it needs. */
  override async onEpochEnd(epoch: number, logs: Logs, state: TrainerState): Promise<void> {
    const value = this.#monitor.read(logs);
    if (value === undefined || !this.#monitor.isBetter(value, this.#best)) return;
    this.#best = value;
    const { name: metric, direction } = this.#monitor;
    await this.eventBus.emit("callback.new_best_value", {
      ...{ callback: this.constructor.name, epoch },
      ...{ metric, value },
    });
    const { target } = this.config;
    if (direction === "min" ? value <= target : value >= target) state.shouldStop = true; // a wish
  }

  /** What a resumed run, or other code after a reload, goes on with. */
  override captureState(): unknown {
    return { best: this.#best ?? null };
  }

  override restoreState(state: unknown): void {
    this.#best = (state as { best: number | null }).best ?? undefined;
  }
}
`,
    test: `import { assertEquals } from "@std/assert";
import { CallbackConfig } from "k-bert/sdk";
import { pluginTest } from "k-bert/sdk/testing";
import { ${className} } from "./${file}.ts";

const settings = { monitor: "val_loss", target: 0.2 };
const config = CallbackConfig({ name: "${plugin}", ...settings });
const STATE = { epoch: 0, step: 10, maxSteps: 100, shouldStop: false };

pluginTest("${className} stops when the target is reached, and tells each new best value", async (test) => {
  const callback = new ${className}(config, test.eventBus);

  const stopped: boolean[] = [];
  for (const [epoch, val_loss] of [0.5, 0.6, 0.2].entries()) {
    const state = { ...STATE, epoch };
    await callback.onEpochEnd(epoch, { val_loss }, state);
    stopped.push(state.shouldStop);
  }

  assertEquals(stopped, [false, false, true]);
  const values = test.eventsOf("callback.new_best_value").map(({ payload }) => payload.value);
  assertEquals(values, [0.5, 0.2]);
});

pluginTest("${className} goes on from its state where a run is resumed", async (test) => {
  const [before, after] = [1, 2].map(() => new ${className}(config, test.eventBus));
  await before!.onEpochEnd(0, { val_loss: 0.5 }, { ...STATE });

  after!.restoreState(before!.captureState());
  await after!.onEpochEnd(1, { val_loss: 0.6 }, { ...STATE });

  assertEquals(test.eventsOf("callback.new_best_value").length, 1);
});

pluginTest("${className} wishes the same in a worker", async (test) => {
  const wishes = await test.withPlugin(import.meta.dirname!, { port: "callback", settings }, (plugin) => {
    return plugin.methods().onEpochEnd(0, { val_loss: 0.1 }, STATE);
  });

  assertEquals(wishes, { shouldStop: true });
  test.assertEventEmitted("callback.new_best_value", { value: 0.1 });
});
`,
  };
}
