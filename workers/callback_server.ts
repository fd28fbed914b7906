/**
 * Serves a callback: one moment of a training, or several in one message, and the wishes of all of them back.
 *
 * @module
 */
import type { ServedCall } from "../core/wall/options.ts";
import type { WireValue } from "../core/wall/values.ts";
import { CallbackPort, type CallbackWishes, type TrainerState } from "../plugins/sdk/callback.ts";
import {
  contextOf,
  makePlugin,
  type PluginSetup,
  type PortMethod,
  type PortServer,
  type ServedPlugin,
} from "./port_server.ts";

/** Moments of a training, by the number of their arguments before the state. */
const MOMENTS: ReadonlyMap<string, number> = new Map([
  ["onTrainBegin", 0],
  ["onTrainEnd", 1],
  ["onEpochBegin", 1],
  ["onEpochEnd", 2],
  ["onBatchBegin", 1],
  ["onBatchEnd", 2],
  ["onEvaluate", 1],
  ["onCheckpoint", 1],
]);

/** The callback port of a worker. */
export const serveCallback: PortServer = {
  serve(setup: PluginSetup): ServedPlugin {
    const plugin = makePlugin(setup, CallbackPort);
    const declared = [...MOMENTS.keys()].filter((name) => typeof Reflect.get(plugin, name) === "function");
    const methods = new Map<string, PortMethod>(
      declared.map((name) => [name, (call) => oneMoment(plugin, name, call)]),
    );
    methods.set("notify", (call) => severalMoments(plugin, call));
    if (plugin.captureState) methods.set("captureState", async () => asJson(await plugin.captureState?.()));
    if (plugin.restoreState) {
      methods.set("restoreState", async ({ args: [state] }) => {
        await plugin.restoreState?.(state);
        return undefined;
      });
    }
    return {
      plugin,
      methods,
      described: [...methods.keys()].map((name) => ({
        name,
        parameters: name === "captureState" ? 0 : 1,
        streams: false,
      })),
    };
  },
};

type Method = (this: CallbackPort, ...args: unknown[]) => unknown;

async function oneMoment(plugin: CallbackPort, name: string, call: ServedCall): Promise<WireValue> {
  const state = { ...call.args.at(-1) as unknown as TrainerState };
  const method = Reflect.get(plugin, name) as Method;
  const answer = await method.call(plugin, ...call.args.slice(0, -1), state, contextOf(call));
  return wishesOf(answer, state);
}

/** In their order; a later wish goes before an earlier one of the same kind. */
async function severalMoments(plugin: CallbackPort, call: ServedCall): Promise<WireValue> {
  const [moments, given] = call.args as unknown as [[name: string, ...args: unknown[]][], TrainerState];
  const state = { ...given };
  let wishes: CallbackWishes = {};
  for (const [name, ...args] of moments) {
    const method: unknown = MOMENTS.has(name) ? Reflect.get(plugin, name) : undefined;
    if (typeof method !== "function") continue;
    const answer = await (method as Method).call(plugin, ...args, state, contextOf(call));
    wishes = joined(wishes, wishesOf(answer, state) as CallbackWishes);
  }
  return wishes as WireValue;
}

/** Both; of two rates or reasons the later one. */
function joined(before: CallbackWishes, after: CallbackWishes): CallbackWishes {
  const saves = new Set([before.save, after.save].flatMap((save) => save ?? []));
  const log = { ...before.log, ...after.log };
  return {
    ...{ ...before, ...after },
    ...(saves.size > 0 && { save: saves.size === 1 ? [...saves][0]! : [...saves] }),
    ...(Object.keys(log).length > 0 && { log }),
  };
}

/** What was answered, and what was written into the state as the guide does. */
function wishesOf(answer: unknown, { shouldStop }: TrainerState): WireValue {
  const wishes = typeof answer === "object" && answer !== null ? answer : {};
  return { ...wishes, ...(shouldStop === true && { shouldStop }) } as WireValue;
}

/** What JSON makes of it: what cannot be read again is heard of when it is saved, not when it is needed. */
function asJson(state: unknown): WireValue {
  return state === undefined ? null : JSON.parse(JSON.stringify(state));
}
