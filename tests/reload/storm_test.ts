/**
 * 200 reloads in a row of a plugin that four callers call, stream from and talk to without a pause, a quarter of them
 * broken in every way that there is, in both tiers: nothing of that may be seen by the callers, and nothing may be
 * left of it.
 *
 *     deno task test:reload         200 reloads in each tier
 *     deno task test:reload 1000    1,000
 *
 * It takes more than a minute, so it is no part of `deno task test`.
 *
 * @module
 */
// deno-lint-ignore-file no-console -- a minute is long
import { assert, assertEquals, assertLess } from "../../core/deps/assert.ts";
import { openThings } from "../../core/wall/ledger.ts";
import { Random } from "../../core/tensor/random.ts";
import { createRuntime, GrantStore, type Runtime, type Tier } from "../../mod.ts";
import { withTempFolder } from "../fixtures/tiny_run.ts";
import { type Slot, Storm } from "./storm.ts";
import { pause } from "./storm_caller.ts";
import { stormHead } from "./storm_head.ts";
import { type Kind, KINDS, save, type StormEvents, stormVersion } from "./storm_plugin.ts";

const RELOADS = Number(Deno.args.at(-1));
const TIERS: readonly Tier[] = ["worker", "process"];
const SEED = 6;
/** Good reloads before anything is measured: what is loaded once, and some of what a garbage collector keeps. */
const WARM_UP = 10;
/**
 * What it keeps beyond that: 60 to 90 MiB in 100 reloads, and at most 160 in 500, where it has levelled off. One
 * worker that stays takes 16 MiB, with tensors 26.
 */
const MEMORY_SLACK = 192 * 2 ** 20;

Deno.test({
  name: "200 reloads under load, a quarter of them broken, lose nothing and leave nothing behind",
  ignore: !(RELOADS > 0),
  fn: async () => {
    const before = { ...openThings(), processes: 0 }; // one of the test before may be about to end
    for (const [index, tier] of TIERS.entries()) {
      await using folder = await withTempFolder();
      await using runtime = await stormRuntime(folder.path, tier);
      const slots = deck(RELOADS, index);
      console.log(JSON.stringify(await storm(runtime, folder.path, tier, slots)));
    }
    await until(before);
  },
});

Deno.test({
  name: "A head that is reloaded while it learns answers what one answers that is not, bit for bit",
  ignore: !(RELOADS > 0),
  fn: async () => {
    const before = { ...openThings(), processes: 0 }; // one of the test before may be about to end
    {
      await using folder = await withTempFolder();
      await using runtime = await createRuntime({ log: () => {} });
      await stormHead(runtime, folder.path, { reloads: 2, seed: SEED });
      const memoryBefore = Deno.memoryUsage().rss;
      const summary = await stormHead(runtime, folder.path, { reloads: RELOADS / 10, seed: SEED });
      const memory = Deno.memoryUsage().rss - memoryBefore;
      const longestPauseMs = Math.round(summary.longestPauseMs);
      console.log(JSON.stringify({ kind: "head", ...summary, longestPauseMs, memoryMiB: inMiB(memory) }));
      assertLess(memory, MEMORY_SLACK);
    }
    await until(before);
  },
});

/** All reloads of one tier. Answers what came of them. */
async function storm(
  runtime: Runtime<StormEvents>,
  folder: string,
  tier: Tier,
  slots: readonly Slot[],
): Promise<Record<string, unknown>> {
  const began = performance.now();
  // The plugin, and a place in reserve; while a version takes over, it is there beside them.
  const atRest = { channels: 1, sandboxes: 2, processes: tier === "process" ? 2 : 0 };
  let mostSandboxes = 0;
  await using storm = await Storm.start({ runtime, folder, tier, seed: SEED });
  for (let count = 0; count < WARM_UP; count++) await storm.reload({ kind: "good", isWatched: false });
  await until(atRest);
  const memoryBefore = Deno.memoryUsage().rss;
  let done = 0;
  const looking = setInterval(() => mostSandboxes = Math.max(mostSandboxes, openThings().sandboxes), 5);
  const telling = setInterval(() => {
    const seconds = Math.round((performance.now() - began) / 1_000);
    console.log(`${tier}: ${seconds} s, ${done} reloads, ${JSON.stringify(storm.tally)}`);
  }, 5_000);
  try {
    for (const slot of slots) {
      await storm.reload(slot);
      done++;
    }
    await storm.end();
  } finally {
    clearInterval(looking);
    clearInterval(telling);
  }
  await until(atRest);
  const memory = Deno.memoryUsage().rss - memoryBefore;
  const { tally, outcomes, longestPauseMs } = storm;
  assert(mostSandboxes <= atRest.sandboxes + 1, `${mostSandboxes} places at once`);
  assertLess(memory, MEMORY_SLACK);
  return {
    ...{ tier, reloads: done, ...outcomes, ...tally, mostSandboxes, memoryMiB: inMiB(memory) },
    ...{ longestCallMs: Math.round(tally.longestCallMs), longestPauseMs: Math.round(longestPauseMs) },
    seconds: Math.round((performance.now() - began) / 1_000),
  };
}

/** A quarter is broken, in every way about equally often, and a quarter saved under a watch, in rows of five. */
function deck(count: number, turn: number): Slot[] {
  const random = Random.at(SEED, turn);
  const watched = Array.from({ length: count }, (_, index) => index % 20 >= 15);
  const kinds = (isWatched: boolean, from: number): Kind[] =>
    random.shuffle(
      watched.filter((each) => each === isWatched).map((_, index) =>
        index % 4 === (isWatched ? 3 : 0) ? KINDS[(from + (index >> 2)) % KINDS.length]! : "good"
      ),
    );
  const saved = kinds(true, 5 * turn);
  const told = kinds(false, 9 * turn);
  return watched.map((isWatched) => ({ kind: (isWatched ? saved : told).pop()!, isWatched }));
}

/** A runtime that asks nobody, and has been allowed what the first version of the plugin asks for. */
async function stormRuntime(folder: string, tier: Tier): Promise<Runtime<StormEvents>> {
  const store = (): Promise<GrantStore> => GrantStore.open(`${folder}/grants.json`);
  const runtime = await createRuntime<StormEvents>({ log: () => {}, consent: { store, ask: false } });
  // The first place of a program takes longer: Deno checks the types of what is loaded there.
  await (await runtime.plugins.start("examples/plugins/text_tools", { tier })).unload();
  save(folder, stormVersion(0, "good", tier));
  const { manifest: { name, version, permissions }, sha256 } = await runtime.plugins.vet(folder);
  await (await store()).grant({ name, version, sha256, permissions, textAndNetwork: false });
  return runtime;
}

/** Waits for what takes a moment: a place that is filled again, a process that was killed. */
async function until(expected: Partial<ReturnType<typeof openThings>>): Promise<void> {
  const now = (): Partial<ReturnType<typeof openThings>> => {
    const open = openThings();
    return Object.fromEntries(Object.keys(expected).map((kind) => [kind, open[kind as keyof typeof open]]));
  };
  for (let turn = 0; turn < 1_000; turn++) {
    if (JSON.stringify(now()) === JSON.stringify(expected)) return;
    await pause(5);
  }
  assertEquals(now(), expected);
}

function inMiB(bytes: number): number {
  return Math.round(bytes / 2 ** 20);
}
