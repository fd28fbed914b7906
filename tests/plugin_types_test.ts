/**
 * What the compiler says about plugins. Most of it is that some lines do not compile; those are in functions
 * that are never called.
 *
 * @module
 */
import { assertEquals } from "../core/deps/assert.ts";
import type { Runtime } from "../mod.ts";
import { AugmenterPort } from "../plugins/sdk/augmenter.ts";
import type { AugmenterConfig, CallbackConfig, FeatureConfig, PluginConfig } from "../plugins/sdk/config.ts";
import { CallbackPort } from "../plugins/sdk/callback.ts";
import { type ColumnTable, FeaturePort } from "../plugins/sdk/tables.ts";
import { PluginPort } from "../plugins/sdk/plugin_port.ts";
import { defineConfiguration } from "../core/manifest/define.ts";
import type { InferSettings } from "../core/manifest/infer.ts";
import type { HostTensor } from "../core/wall/tensor.ts";
import type { WireValue } from "../core/wall/values.ts";
import type { CallAllResult } from "../core/plugins/call_all.ts";
import type { PluginManager } from "../core/plugins/manager.ts";
import type { Plugin } from "../core/plugins/plugin.ts";
import type { AugmentOptions, CallbackWishes } from "../core/plugins/ports.ts";
import type { WireTable } from "../core/table/wire.ts";
import type { Remote } from "../core/plugins/remote.ts";

type Same<One, Other> = (<T>() => T extends One ? 1 : 2) extends (<T>() => T extends Other ? 1 : 2) ? true
  : false;

/** Compiles only if the type is `true`. */
function holds<_Claim extends true>(): void {}

/** Is compiled and not run. */
function compiles(_code: (...args: never[]) => unknown): void {}

Deno.test("Plugin.methods() of each port are exactly its methods", () => {
  compiles((
    head: Plugin<"head">,
    augmenter: Plugin<"augmenter">,
    feature: Plugin<"feature">,
    callback: Plugin<"callback">,
  ) => {
    const all = [head.methods(), augmenter.methods(), feature.methods(), callback.methods()] as const;
    holds<
      Same<
        keyof typeof all[0],
        "describe" | "step" | "quietStep" | "evaluate" | "apply" | "predict" | "state" | "restore" | "forget"
      >
    >();
    holds<Same<keyof typeof all[1], "augment">>();
    holds<Same<keyof typeof all[2], "extractFeatures">>();
    holds<
      Same<
        keyof typeof all[3],
        | ("onTrainBegin" | "onTrainEnd" | "onEpochBegin" | "onEpochEnd" | "onBatchBegin" | "onBatchEnd")
        | ("onEvaluate" | "onCheckpoint" | "notify" | "captureState" | "restoreState")
      >
    >();
  });
});

Deno.test("Plugin.methods() have the arguments and results of the port", () => {
  compiles((augmenter: Plugin<"augmenter">, head: Plugin<"head">, callback: Plugin<"callback">) => {
    const { augment } = augmenter.methods();
    holds<
      Same<typeof augment, (texts: readonly string[], options?: AugmentOptions) => Promise<readonly string[]>>
    >();
    const { predict } = head.methods({ timeoutMs: 1_000 });
    holds<Same<ReturnType<typeof predict>, Promise<HostTensor>>>();
    holds<Same<Parameters<typeof predict>, [hidden: HostTensor]>>();
    const { onEpochEnd } = callback.methods();
    holds<Same<ReturnType<typeof onEpochEnd>, Promise<CallbackWishes>>>();

    // @ts-expect-error a list of texts
    void augment("text");
    // @ts-expect-error nothing is given
    void augment();
    // @ts-expect-error numbers are no texts
    void augment([1]);
    // @ts-expect-error a mistyped method
    void augmenter.methods().agument([]);
    // @ts-expect-error a method of another port
    void head.methods().augment([]);
    // @ts-expect-error the state is missing
    void onEpochEnd(1, { loss: 0.5 });
    // @ts-expect-error no such option
    augmenter.methods({ timeout: 5 });
  });
});

interface Counter {
  readonly name: string;
  count: number;
  add(a: number, b?: number): number;
  later(): Promise<string>;
  upTo(most: number): AsyncGenerator<number>;
  items(): AsyncIterable<{ readonly id: number }>;
}

Deno.test("Plugin.methods<Interface>() answers promises and streams, and has no properties", () => {
  type Seen = Remote<Counter>;
  holds<Same<keyof Seen, "add" | "later" | "upTo" | "items">>();
  holds<Same<Seen["add"], (a: number, b?: number) => Promise<number>>>();
  holds<Same<Seen["later"], () => Promise<string>>>();
  holds<Same<Seen["upTo"], (most: number) => AsyncGenerator<number, void, void>>>();
  holds<Same<ReturnType<Seen["items"]>, AsyncGenerator<{ readonly id: number }, void, void>>>();

  compiles(async (plugin: Plugin<"plugin">) => {
    const counter = plugin.methods<Counter>();
    holds<Same<typeof counter, Seen>>();
    for await (const item of counter.upTo(3)) holds<Same<typeof item, number>>();
    // @ts-expect-error no method
    void counter.count;
    // @ts-expect-error a text is no number
    void counter.add("1");
    // @ts-expect-error a stream is not awaited
    const _count: number = await counter.upTo(3);
    // @ts-expect-error a promise is not iterated
    for await (const _item of counter.later());
  });
});

Deno.test("Plugin<'plugin'>.methods() has any method that takes what can cross", () => {
  compiles((plugin: Plugin<"plugin">) => {
    const methods = plugin.methods();
    const _answer: Promise<WireValue> | undefined = methods["anything"]?.(1, "two", [null]);
    // @ts-expect-error a function cannot cross
    void methods["anything"]?.(() => 1);
  });
});

Deno.test("PluginManager.callAll() takes method and arguments of the port, and answers its results", () => {
  compiles(async (plugins: PluginManager, table: WireTable) => {
    const augmented = await plugins.callAll("augmenter", "augment", [["a"]]);
    holds<Same<typeof augmented, CallAllResult<readonly string[]>[]>>();
    const features = await plugins.callAll("feature", "extractFeatures", [table]);
    holds<Same<typeof features, CallAllResult<WireTable>[]>>();
    // @ts-expect-error columns are no table; see toWire()
    void plugins.callAll("feature", "extractFeatures", [{ text: ["a"] }]);
    const state = { epoch: 0, step: 0, maxSteps: 1, shouldStop: false };
    await plugins.callAll("callback", "onEpochEnd", [0, { loss: 1 }, state], { onFailure: "skip" });

    for (const result of augmented) {
      if (result.outcome === "skipped") {
        holds<Same<typeof result.error, Error>>();
        // @ts-expect-error one that was skipped has no value
        void result.value;
      } else {
        holds<Same<typeof result.value, readonly string[]>>();
      }
    }
    // @ts-expect-error a mistyped port
    void plugins.callAll("augmentor", "augment", [["a"]]);
    // @ts-expect-error a mistyped method
    void plugins.callAll("augmenter", "agument", [["a"]]);
    // @ts-expect-error the arguments are a list
    void plugins.callAll("augmenter", "augment", ["a"]);
    // @ts-expect-error the arguments of another method
    void plugins.callAll("callback", "onEpochEnd", [state]);
    // @ts-expect-error no such policy
    void plugins.callAll("augmenter", "augment", [["a"]], { onFailure: "ignore" });
    // @ts-expect-error the arguments are copied, whatever the caller wishes
    void plugins.callAll("augmenter", "augment", [["a"]], { transfer: [] });
  });
});

Deno.test("PluginManager.load() and start() answer a plugin of the port that was asked for", () => {
  compiles(async (plugins: PluginManager) => {
    const loaded = await plugins.load("shouter", { port: "augmenter" });
    const started = await plugins.start("counter", { port: "feature" });
    holds<Same<[typeof loaded, typeof started], [Plugin<"augmenter">, Plugin<"feature">]>>();
    // @ts-expect-error no such port
    void plugins.load("shouter", { port: "shout" });
    // @ts-expect-error a mistyped option
    void plugins.start("shouter", { setings: {} });
  });
});

Deno.test("PluginPort and its kin have the config of their family, and settings that the class declares", () => {
  const settings = defineConfiguration({
    mode: { type: "enum", values: ["fast", "slow"], default: "fast" },
    width: { type: "int", default: 4, min: 1 },
    folder: { type: "string" },
  });
  type Settings = InferSettings<typeof settings>;
  holds<Same<Settings["mode"], "fast" | "slow">>();
  holds<Same<Settings["width"], number>>();

  class Own extends PluginPort<PluginConfig & Settings> {
    static readonly configuration = settings;
    describe(): string {
      holds<Same<typeof this.config.mode, "fast" | "slow">>();
      holds<Same<typeof this.config.name, string>>();
      // @ts-expect-error a mistyped setting
      void this.config.widht;
      // @ts-expect-error a config is to be read
      this.config.width = 5;
      return this.config.name;
    }
  }
  class Augmenter extends AugmenterPort {
    override augment(texts: readonly string[]): string[] {
      holds<Same<typeof this.config, AugmenterConfig>>();
      holds<Same<typeof this.config.augmentation_probability, number>>();
      return [...texts];
    }
  }
  class Feature extends FeaturePort {
    override extractFeatures(data: ColumnTable): ColumnTable {
      holds<Same<typeof this.config, FeatureConfig>>();
      holds<Same<FeatureConfig["input_columns"], readonly string[]>>();
      return data;
    }
  }
  class Callback extends CallbackPort {
    // @ts-expect-error an epoch is a number
    override onEpochBegin(epoch: string): void {
      holds<Same<typeof this.config, CallbackConfig>>();
      void epoch;
    }
  }
  // @ts-expect-error augment() is missing
  class Lazy extends AugmenterPort {}

  assertEquals(
    [Own, Augmenter, Feature, Callback, Lazy].every((made) => made.prototype instanceof PluginPort),
    true,
  );
});

Deno.test("Runtime.events has the topics of plugins with their payloads", () => {
  compiles((runtime: Runtime) => {
    runtime.events.on("plugin.activated", (payload) => {
      holds<Same<typeof payload, { plugin_name: string; activation_time: number }>>();
    });
    runtime.events.on("plugin.initialized", ({ plugin_name, version, dependencies }, { source, time }) => {
      holds<
        Same<
          [typeof plugin_name, typeof version, typeof dependencies, typeof source, typeof time],
          [string, string, readonly string[], string, number]
        >
      >();
    });
    runtime.events.on("plugin.execution_error", ({ method, error }) => {
      holds<Same<[typeof method, typeof error], [string, string]>>();
    });
    runtime.events.on("plugin.*", (_payload, event) => {
      if (event.topic === "plugin.quarantined") {
        holds<Same<typeof event.payload, { plugin_name: string; restarts: number; error: string }>>();
      }
    });
    // @ts-expect-error a mistyped topic
    runtime.events.on("plugin.activatd", () => {});
    // @ts-expect-error a mistyped field
    runtime.events.on("plugin.activated", ({ plugin }) => plugin);
    // @ts-expect-error a field is missing
    void runtime.events.emit("plugin.unloaded", { plugin_name: "a" });
  });
});
