/**
 * Registers a test of a plugin.
 *
 * Every test is a leak test: a plugin lives in a long run, and what it leaves behind each time is what ends that run
 * in the fourth hour. Deno's own checks of operations and resources are asked for explicitly, because Deno 2.9 has
 * switched them off where nobody asks.
 *
 * @module
 */
import type { RuntimeEvents } from "../../../core/bus/events.ts";
import { hash32 } from "../../../core/tensor/random.ts";
import { leftSince, takeInventory } from "./leak_check.ts";
import { PluginTestCase } from "./test_case.ts";
import { TestResources } from "./test_resources.ts";

/** How a test is run. */
export interface PluginTestOptions {
  /** Of `test.random`. @default {a hash of the test's name} */
  readonly seed?: number;
  /** Whether it is left out, for example because this machine lacks something. @default {false} */
  readonly ignore?: boolean;
  /** Whether it is the only one that is run, while you work on it. @default {false} */
  readonly only?: boolean;
}

/** What a test does. */
export type PluginTestBody<OwnEvents extends object = Record<never, never>> = (
  test: PluginTestCase<RuntimeEvents & OwnEvents>,
) => Promise<void> | void;

/**
 * Registers a test with `Deno.test`.
 *
 * It fails if it leaves anything behind: tensors, workers and processes, calls, listeners of the event bus, timers,
 * files, or a clock that stands still. What it got from `test` is ended by `test`.
 *
 * @param name a sentence: what is tested, and what it does
 * @typeParam OwnEvents topics that the plugin declares for itself, with their payloads
 * @returns nothing to wait for, where a test is registered; within a test (as an example in a docstring is one) there
 * can be no other, so it is run as a part of that, at once, and has to be awaited
 * @example
 * ```ts
 * import { pluginTest } from "./mod.ts";
 * import { PluginConfig, PluginPort } from "../mod.ts";
 *
 * class Greeter extends PluginPort {
 *   async greet(name: string): Promise<string> {
 *     await this.eventBus.emit("plugin.processing_started", { plugin: this.name, data_size: name.length });
 *     return `Hello, ${name}`;
 *   }
 * }
 *
 * await pluginTest("Greeter.greet() tells how long the name is", async (test) => {
 *   const greeter = new Greeter(PluginConfig({ name: "greeter" }), test.eventBus);
 *   await greeter.greet("world");
 *   test.assertEventEmitted("plugin.processing_started", { data_size: 5 });
 * });
 * ```
 */
export function pluginTest<OwnEvents extends object = Record<never, never>>(
  name: string,
  body: PluginTestBody<OwnEvents>,
): Promise<void> | void;
export function pluginTest<OwnEvents extends object = Record<never, never>>(
  name: string,
  options: PluginTestOptions,
  body: PluginTestBody<OwnEvents>,
): Promise<void> | void;
export function pluginTest<OwnEvents extends object = Record<never, never>>(
  name: string,
  ...rest: [PluginTestBody<OwnEvents>] | [PluginTestOptions, PluginTestBody<OwnEvents>]
): Promise<void> | void {
  const [options, body] = rest.length === 1 ? [{}, rest[0]] : rest;
  const { seed = hash32(name), ignore = false, only = false } = options;
  const fn = (): Promise<void> => run(name, seed, body);
  try {
    Deno.test({
      ...{ name, ignore, only, fn },
      ...{ sanitizeOps: true, sanitizeResources: true, sanitizeExit: true },
    });
  } catch (error) {
    if (!(error instanceof TypeError && /nested/i.test(error.message))) throw error;
    return ignore ? undefined : fn();
  }
}

/** The first error counts: what a test left that failed halfway is no news. */
async function run<OwnEvents extends object>(
  name: string,
  seed: number,
  body: PluginTestBody<OwnEvents>,
): Promise<void> {
  const before = takeInventory();
  const resources = new TestResources(seed);
  let left: string[];
  try {
    await body(new PluginTestCase(name, resources));
    await resources.end();
    left = await leftSince(before, resources.recorder.listeners);
  } catch (error) {
    await resources.end().catch(() => {});
    await leftSince(before); // puts the clock right
    await resources.close().catch(() => {});
    throw withSeed(error, resources.usedSeed);
  }
  await resources.close();
  if (left.length > 0) throw new Error(`The test left something behind:\n- ${left.join("\n- ")}`);
}

/** Only where the numbers were random. */
function withSeed(error: unknown, seed: number | undefined): unknown {
  if (seed === undefined || !(error instanceof Error)) return error;
  error.message += `\n(test.random had the seed ${seed}; pluginTest(name, { seed: ${seed} }, …) repeats it)`;
  return error;
}
