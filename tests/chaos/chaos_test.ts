/**
 * Twenty plugins in processes of their own that are killed, frozen, flooded and fed bombs at random, while a model
 * is trained in the same host: nothing of that may be seen in the training, and nothing may be left of it.
 *
 *     deno task test:chaos       for a minute
 *     deno task test:chaos 300   for five
 *
 * It runs by the clock, so it is no part of `deno task test`.
 *
 * @module
 */
// deno-lint-ignore-file no-console -- a minute is long
import { assert, assertEquals, assertGreater, assertLess } from "../../core/deps/assert.ts";
import { PluginManager } from "../../core/plugins/manager.ts";
import { openThings } from "../../core/wall/ledger.ts";
import { createRuntime, type Runtime } from "../../mod.ts";
import { spawnPluginProcess } from "../../workers/process_command.ts";
import { processSandbox } from "../../workers/process_sandbox.ts";
import { tinyConfig, tinyData, withTempFolder } from "../fixtures/tiny_run.ts";
import { chaoticImage, type SignalPlugin, type Tally, useChaotically } from "./chaotic_plugin.ts";

const SECONDS = Number(Deno.args.at(-1));
const PLUGINS = 20;
const SEED = 4;
/** More than a garbage collector keeps for later: what 20 plugins, a few thousand calls and 20 floods left behind. */
const MEMORY_SLACK = 192 * 2 ** 20;
const DATA = tinyData();

Deno.test({
  name: "20 plugins that are killed, frozen and flooded cost a training no step and leave nothing behind",
  ignore: !(SECONDS > 0),
  fn: async () => {
    await using folder = await withTempFolder();
    await using runtime = await createRuntime({ log: () => {}, spares: 0 });
    const undisturbed = await lossesOf(runtime, folder.path);
    const before = openThings();
    const memoryBefore = Deno.memoryUsage().rss;
    const tally: Tally = { called: 0, answered: 0, rejected: 0, done: {} };
    const processes = new Processes();
    const started = performance.now();
    const until = started + SECONDS * 1_000;
    let runs = 0;

    {
      await using manager = new PluginManager({ createSandbox: processes.create });
      const image = await chaoticImage();
      const progress = setInterval(() => {
        const seconds = Math.round((performance.now() - started) / 1_000);
        console.log(
          `${seconds} s: ${runs} trainings, ${processes.started} processes, ${JSON.stringify(tally)}`,
        );
      }, 10_000);
      try {
        const plugins = Array.from(
          { length: PLUGINS },
          (_, index) =>
            useChaotically(manager, image, `plugin_${index}`, {
              ...{ until, tally, seed: SEED * 1_000 + index },
              signal: processes.signal,
            }),
        );
        while (performance.now() < until) {
          assertEquals(await lossesOf(runtime, folder.path), undisturbed);
          runs++;
        }
        await Promise.all(plugins);
      } finally {
        clearInterval(progress);
      }
    }
    await processes.ended();

    const memory = Deno.memoryUsage().rss - memoryBefore;
    const summary = {
      ...{ runs, steps: runs * undisturbed.length, processes: processes.started, ...tally },
      seconds: Math.round((performance.now() - started) / 1_000),
      memoryMiB: Math.round(memory / 2 ** 20),
    };
    console.log(JSON.stringify(summary));
    assertEquals(openThings(), before);
    assertEquals(tally.called, tally.answered + tally.rejected);
    assertGreater(tally.answered, 0);
    assert(runs > 0);
    assertLess(memory, MEMORY_SLACK);
  },
});

/** Starts processes, and keeps hold of them: a signal needs no right to run any program that way. */
class Processes {
  readonly #alive = new Map<string, Deno.ChildProcess>();
  readonly #ends: Promise<unknown>[] = [];

  get started(): number {
    return this.#ends.length;
  }

  readonly create = (options: Parameters<typeof processSandbox>[0]): ReturnType<typeof processSandbox> =>
    processSandbox(options, (setup) => {
      const child = spawnPluginProcess(setup);
      this.#alive.set(options.name, child);
      this.#ends.push(child.status);
      return child;
    });

  readonly signal: SignalPlugin = (name, signal) => {
    try {
      this.#alive.get(name)?.kill(signal);
    } catch {
      // It has ended meanwhile.
    }
  };

  /** All of them, or the test fails: a process that was forgotten would never end by itself. */
  async ended(): Promise<void> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => late.reject(new Error("A process was left behind")), 10_000);
    try {
      await Promise.race([Promise.all(this.#ends), late.promise]);
      for (let turn = 0; turn < 100 && openThings().processes > 0; turn++) {
        await new Promise((go) => setTimeout(go, 5));
      }
    } finally {
      clearTimeout(timer);
    }
  }
}

/** Of every step of one run; all of them are to be the same to the last bit. */
async function lossesOf(runtime: Runtime, folder: string): Promise<number[]> {
  const output = `${folder}/runs`;
  const losses: number[] = [];
  const config = tinyConfig(output, { training: { epochs: 6, checkpointEverySteps: 18 } });
  const head = { ...config.head, tier: "worker" as const };
  const outcome = await runtime.fineTune({
    ...{ config: { ...config, head }, ...DATA },
    onStep: ({ loss }) => losses.push(loss!),
  });
  assertEquals([outcome.kind, losses.length], ["finished", 36]);
  await Deno.remove(output, { recursive: true });
  return losses;
}
