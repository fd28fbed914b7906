/**
 * A run of a version of a plugin together with what calls it. Most plugins have one; while a version takes over
 * from another, there are two.
 *
 * @module
 */
import { EventBus } from "../bus/event_bus.ts";
import { PluginCaller } from "./caller.ts";
import { type HookedPlugin, Hooks } from "./hooks.ts";
import type { PluginState } from "./lifecycle.ts";
import { PORTS } from "./ports.ts";
import { type Admission, PluginRun, type RunListener, type RunOptions } from "./run.ts";

/** See the module's text. Closing the run's channel ends it. */
export interface Side {
  readonly run: PluginRun;
  readonly caller: PluginCaller;
  /** Longest phase, and longest call whose caller says nothing else, in milliseconds. */
  readonly callMs: number;
  /** Another caller, whose calls no hook sees and whose failures nobody is told of: of a shadow. */
  readonly shadowCaller: () => PluginCaller;
}

/** What a side is made of. */
export interface SideOptions extends RunOptions {
  readonly bus: EventBus;
  readonly hooks: Hooks;
}

/**
 * Starts a place for it; `run.load()` makes it a plugin.
 *
 * @param isStandby whether another one serves
 */
export function makeSide(
  plugin: HookedPlugin & { readonly state: PluginState },
  options: SideOptions,
  admission: Admission,
  listener: RunListener,
  isStandby = false,
): Side {
  const { bus, hooks, limits, port } = options;
  const run = new PluginRun(options, admission, listener, isStandby);
  const rest = { plugin, rules: PORTS[port].methods, limits, target: run };
  return {
    run,
    caller: new PluginCaller({ ...rest, bus, hooks }),
    callMs: limits.callMs,
    shadowCaller: () => new PluginCaller({ ...rest, bus: new EventBus(), hooks: new Hooks() }),
  };
}
