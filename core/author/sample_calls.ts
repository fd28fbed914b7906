/**
 * Calls that a plugin of each port can be tried with when nobody has written any: what the host would ask of it, with
 * made-up arguments.
 *
 * An image does not say which methods a plugin has. So a call is asked whether it is one for the plugin that runs; a
 * plugin of no particular kind is looked through for methods without parameters, and its description decides.
 *
 * @module
 */
import type { PortName } from "../manifest/families.ts";
import type { Task } from "../manifest/task.ts";
import type { Plugin } from "../plugins/plugin.ts";
import type { PluginImage } from "../security/image.ts";
import { toWire } from "../table/wire.ts";
import type { CallOptions } from "../wall/options.ts";
import type { WireValue } from "../wall/values.ts";
import {
  sampleHiddenStates,
  sampleSeeds,
  type SampleShape,
  sampleTable,
  sampleTargets,
  sampleTexts,
  sampleTraining,
} from "./sample_inputs.ts";

export { sampleSettings } from "./sample_settings.ts";
export type { SampleShape } from "./sample_inputs.ts";

/** What of a plugin a call needs; a `Plugin` has it, and so may something that changes how calls are made. */
export type CalledPlugin = Pick<Plugin, "has" | "streams" | "call" | "stream">;

/** A call that can be made again and again: its arguments are made anew each time, because buffers are moved. */
export interface SampleCall {
  /** For people: `predict`, `onBatchEnd, batch 0 of epoch 1`. */
  readonly name: string;
  /** Whether it promises the same answer each time, as long as nothing else is called that changes the plugin. */
  readonly repeats: boolean;
  /** Whether this plugin has what is called; one that is active knows. */
  appliesTo(plugin: CalledPlugin): boolean;
  /** @param options of every message that the call is made of */
  run(plugin: CalledPlugin, options?: CallOptions): Promise<unknown>;
}

/** Most items that are taken of a stream. */
const MAX_ITEMS = 100;

/**
 * Calls for a plugin, in an order that makes sense: the moments of a training one after the other, a step before the
 * weights are changed by it.
 *
 * | port      | calls                                                                       |
 * | --------- | --------------------------------------------------------------------------- |
 * | head      | describe, predict, evaluate, a step that is forgotten, a step that counts   |
 * | augmenter | texts with a seed for each, texts without                                   |
 * | feature   | a table with a column of each kind                                          |
 * | callback  | the moments of a training of two epochs, as far as it has them              |
 * | plugin    | its methods without parameters, and up to 100 items of its streams          |
 *
 * @param options the plugin's settings, of which sizes and names are taken, and how large the batch is
 * @example
 * ```ts
 * import { sampleCalls } from "./sample_calls.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const image = { modules: new Map<string, string>() };
 * const calls = sampleCalls(image, "augmenter", { seed: 1, settings: {} });
 * assertEquals(calls.map(({ name }) => name), ["augment with seeds", "augment"]);
 * ```
 */
export function sampleCalls(
  image: Pick<PluginImage, "modules">,
  port: PortName,
  options: SampleShape,
): SampleCall[] {
  switch (port) {
    case "head":
      return headCalls(options);
    case "augmenter":
      return augmenterCalls(options);
    case "feature":
      return [
        oneCall(
          "extractFeatures",
          "extractFeatures",
          true,
          () => [toWire(sampleTable(options)) as unknown as WireValue],
        ),
      ];
    case "callback":
      return callbackCalls(options);
    case "plugin":
      return namesOfMethods(image).map(methodCall);
  }
}

function headCalls(shape: SampleShape): SampleCall[] {
  const withInputs = (
    name: string,
    repeats: boolean,
    run: (call: Call, hidden: WireValue, labels: WireValue) => Promise<unknown>,
  ): SampleCall => ({
    ...{ name, repeats, appliesTo: () => true },
    async run(plugin, options): Promise<unknown> {
      const call: Call = (method, ...args) => plugin.call(method, args, options);
      const { reads, task } = await call("describe") as { reads: "cls" | "mean" | "all"; task: Task };
      const hidden = sampleHiddenStates(shape, reads) as unknown as WireValue;
      return await run(call, hidden, sampleTargets(shape, task) as unknown as WireValue);
    },
  });
  const ofStep = { step: 1, weight: 1 };
  return [
    oneCall("describe", "describe", true, () => []),
    withInputs("predict", true, (call, hidden) => call("predict", hidden)),
    withInputs("evaluate", true, (call, hidden, labels) => call("evaluate", hidden, labels)),
    withInputs("step", true, async (call, hidden, labels) => {
      const answer = await call("step", hidden, labels, ofStep);
      await call("forget");
      return answer;
    }),
    withInputs("quietStep", true, async (call, hidden, labels) => {
      const answer = await call("quietStep", hidden, labels, ofStep);
      await call("forget");
      return answer;
    }),
    withInputs("step and apply", false, async (call, hidden, labels) => {
      const answer = await call("step", hidden, labels, ofStep);
      await call("apply", { learningRate: 0.01, scale: 1, weightDecay: 0 });
      return answer;
    }),
  ];
}

function augmenterCalls(shape: SampleShape): SampleCall[] {
  const augment = (name: string, repeats: boolean, more: () => WireValue[]): SampleCall =>
    oneCall(name, "augment", repeats, () => [sampleTexts(shape), ...more()]);
  return [
    augment("augment with seeds", true, () => [{ seeds: sampleSeeds(shape) }]),
    augment("augment", false, () => []), // each call goes on in the plugin's own random numbers
  ];
}

/** As the trainer says it, in a message of one moment. */
function callbackCalls(shape: SampleShape): SampleCall[] {
  return sampleTraining(shape).map(({ name, moment, state }) => ({
    ...oneCall(name, "notify", false, () => [[moment], state] as unknown as WireValue[]),
    appliesTo: (plugin) => plugin.has(moment[0]),
  }));
}

function methodCall(name: string): SampleCall {
  return {
    ...{ name, repeats: false },
    appliesTo: (plugin) => plugin.has(name),
    async run(plugin, options): Promise<unknown> {
      if (!plugin.streams(name)) return await plugin.call(name, [], options);
      const items: WireValue[] = [];
      for await (const item of plugin.stream(name, [], options)) {
        items.push(item);
        if (items.length === MAX_ITEMS) break;
      }
      return items;
    },
  };
}

function oneCall(name: string, method: string, repeats: boolean, args: () => WireValue[]): SampleCall {
  return {
    ...{ name, repeats },
    appliesTo: (plugin) => plugin.has(method),
    run: (plugin, options) => plugin.call(method, args(), options),
  };
}

type Call = (method: string, ...args: WireValue[]) => Promise<WireValue>;

/**
 * Whatever is written in a plugin like a method without parameters. That some of it is none does no harm, because
 * the plugin is asked which it has.
 */
function namesOfMethods({ modules }: Pick<PluginImage, "modules">): string[] {
  const names = new Set<string>();
  for (const code of modules.values()) {
    for (const [, name] of code.matchAll(/(?<![.\w$#])(\p{ID_Start}[\p{ID_Continue}$]*)\s*\(\s*\)\s*\{/gu)) {
      names.add(name!);
    }
  }
  return [...names];
}
