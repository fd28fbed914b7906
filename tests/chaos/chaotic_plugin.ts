/**
 * One plugin of the chaos test, and what is done to it: calls that it answers, calls that break it, and signals
 * that its process gets from outside in the middle of them.
 *
 * @module
 */
import { assertEquals } from "../../core/deps/assert.ts";
import type { Plugin } from "../../core/plugins/plugin.ts";
import type { PluginManager } from "../../core/plugins/manager.ts";
import type { PluginImage } from "../../core/security/image.ts";
import { Random } from "../../core/tensor/random.ts";
import type { WireValue } from "../../core/wall/values.ts";
import { memoryImage } from "../fixtures/memory_image.ts";

/** What happened so far. */
export interface Tally {
  called: number;
  answered: number;
  rejected: number;
  /** What was done to processes, by name. */
  readonly done: Record<string, number>;
}

/** What is there to be done to a process from outside. */
export type SignalPlugin = (name: string, signal: "SIGKILL" | "SIGSTOP" | "SIGCONT") => void;

/** Milliseconds of a call to a plugin that may be stopped. */
const CALL_MS = 1_500;
/** Of all turns; the rest are calls as they should be. */
const BREAK_SHARE = 0.04;
/** Enough for all 20 plugins to be broken at any time, and low enough that a bomb is no strain. */
const LIMITS = { callMs: 20_000, memoryMb: 128, heapMb: 64, eventsPerSecond: 2_000 };
const RESTART = { maxRestarts: 10_000, withinMs: 600_000, baseDelayMs: 20, maxDelayMs: 200 };

/** The plugin's image; all 20 are uses of it. */
export function chaoticImage(): Promise<PluginImage> {
  return memoryImage(
    `
  echo(value) { return value; }
  async slow(value) {
    await new Promise((resolve) => setTimeout(resolve, 30));
    return value;
  }
  async *count(to) { for (let item = 0; item < to; item++) yield item; }
  fail() { throw new Error("as it was told"); }
  spin() { for (;;); }
  flood() { for (let event = 0; event < 20_000; event++) this.eventBus.post("chaos.flood", { event }); }
  floodForEver() { for (;;) this.eventBus.post("chaos.flood", { text: "x".repeat(1_000) }); }
  bomb() { const all = []; for (;;) all.push(new Uint8Array(2 ** 22).fill(1)); }
`,
    { manifest: "events:\n  emits: [chaos.flood]\n" },
  );
}

/** Uses one plugin until a moment, at random. Every call that it makes is in the tally when it returns. */
export async function useChaotically(
  manager: PluginManager,
  image: PluginImage,
  name: string,
  { seed, until, tally, signal }: { seed: number; until: number; tally: Tally; signal: SignalPlugin },
): Promise<void> {
  const random = new Random(seed);
  const open: Promise<void>[] = [];
  const did = (what: string): void => void (tally.done[what] = (tally.done[what] ?? 0) + 1);
  const load = (): Promise<Plugin> =>
    manager.start(image, { as: name, tier: "process", limits: LIMITS, restart: RESTART });
  let plugin = await load();

  const call = (method: string, args: WireValue[], expected?: WireValue): void => {
    open.push(counted(tally, async () => {
      const answer = await plugin.call(method, args, { timeoutMs: CALL_MS });
      if (expected !== undefined) assertEquals(answer, expected);
    }));
  };
  const stream = (to: number): void => {
    open.push(counted(tally, async () => {
      let item = 0;
      for await (const value of plugin.stream("count", [to], { timeoutMs: CALL_MS })) {
        assertEquals(value, item++);
      }
      assertEquals(item, to);
    }));
  };
  const breaks: [what: string, run: () => void | Promise<void>][] = [
    ["killed", () => signal(name, "SIGKILL")],
    ["frozen", () => signal(name, "SIGSTOP")],
    ["frozen for a moment", async () => {
      signal(name, "SIGSTOP");
      await pause(200);
      signal(name, "SIGCONT");
    }],
    ["spun", () => call("spin", [])],
    ["flooded", () => call("flood", [])],
    ["flooded for ever", () => call("floodForEver", [])],
    ["bombed", () => call("bomb", [])],
    ["disposed of", async () => {
      plugin[Symbol.dispose]();
      plugin = await load();
    }],
    ["unloaded", async () => {
      await plugin.unload();
      plugin = await load();
    }],
  ];

  while (performance.now() < until) {
    const number = random.below(1e9);
    // Some calls are open whatever happens next.
    call("echo", [number], number);
    if (random.uniform() < 0.3) call("slow", [`${number}`], `${number}`);
    if (random.uniform() < 0.1) call("fail", []);
    if (random.uniform() < 0.1) stream(random.below(50));
    if (random.uniform() < BREAK_SHARE && plugin.state === "active") {
      const [what, run] = breaks[random.below(breaks.length)]!;
      did(what);
      await run();
    }
    await pause(random.below(200));
  }
  // One that stands still is found out by this, and not by its unloading.
  call("echo", [name], name);
  await Promise.all(open);
}

/** Counts a call once when it is made and once when it is over; a wrong answer ends the test. */
async function counted(tally: Tally, call: () => Promise<void>): Promise<void> {
  tally.called++;
  try {
    await call();
    tally.answered++;
  } catch (error) {
    tally.rejected++;
    if (!(error instanceof Error) || error.name !== "KBertError") throw error;
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
