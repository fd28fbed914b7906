/**
 * What a test has left open, and how to end it: compared is what there was before the test with what there is
 * after it.
 *
 * Counted are tensors, whatever core/wall/ledger.ts counts, and whether the clock is the one that it was. Timers,
 * files and other resources are counted by Deno, which a {@linkcode pluginTest} asks for.
 *
 * @module
 */
import { type LedgerKind, openThings } from "../../../core/wall/ledger.ts";
import { liveTensors } from "./tensor_engine.ts";

/** What there is at one moment. */
export interface Inventory {
  readonly open: Readonly<Record<LedgerKind, number>>;
  readonly tensors: number;
  readonly clock: Clock;
}

/** What a fake clock exchanges. */
interface Clock {
  readonly setTimeout: typeof setTimeout;
  readonly setInterval: typeof setInterval;
  readonly Date: typeof Date;
  readonly now: () => number;
}

/** Taken before anybody fakes it. */
const realSetTimeout = globalThis.setTimeout;
/** How long what ends by itself may take for it, in milliseconds, and how often that is looked at. */
const END_MS = 2_000;
const LOOK_MS = 5;

/**
 * Takes stock.
 *
 * @example
 * ```ts
 * import { leftSince, takeInventory } from "./leak_check.ts";
 * import { EventBus } from "../event_bus.ts";
 * import { assertEquals } from "../../../core/deps/assert.ts";
 *
 * const before = takeInventory();
 * {
 *   using bus = new EventBus();
 *   bus.on("log.info", () => {});
 *   assertEquals((await leftSince(before))[0]!.startsWith("listeners on an event bus (1): dispose of"), true);
 * }
 * assertEquals(await leftSince(before), []);
 * ```
 */
export function takeInventory(): Inventory {
  return { open: openThings(), tensors: liveTensors(), clock: currentClock() };
}

/**
 * A sentence for each kind of thing that there is more of than before; none if all is well. A clock that was left
 * faked is put right again, so that the tests after this one are not hurt.
 *
 * @param ownListeners that the test's case has and disposes of itself
 */
export async function leftSince(before: Inventory, ownListeners = 0): Promise<string[]> {
  const sentences: string[] = [];
  if (restoreClock(before.clock)) sentences.push(FAKE_CLOCK);
  for (const kind of ENDS_BY_ITSELF) await ended(kind, before.open[kind]);
  const now = takeInventory();
  const tensors = now.tensors - before.tensors;
  if (tensors !== 0) sentences.push(tensorsLeft(tensors));
  const left = (kind: LedgerKind): number =>
    now.open[kind] - before.open[kind] - (kind === "listeners" ? ownListeners : 0);
  const kinds = Object.keys(ADVICE) as LedgerKind[];
  for (const kind of kinds) {
    // A place that runs has a channel, and maybe a process and calls; one sentence is enough.
    if (IN_A_SANDBOX.has(kind) && left("sandboxes") > 0) continue;
    const [what, how] = ADVICE[kind];
    if (left(kind) !== 0) sentences.push(`${what} (${left(kind)}): ${how}`);
  }
  return sentences;
}

/** A process that was killed, and what a GPU is still asked for though its numbers are there. */
const ENDS_BY_ITSELF = ["processes", "reads"] as const satisfies readonly LedgerKind[];

const IN_A_SANDBOX: ReadonlySet<LedgerKind> = new Set(["channels", "processes", "calls"]);

/** What is left, and how to end it. */
const ADVICE: Readonly<Record<LedgerKind, readonly [what: string, how: string]>> = {
  sandboxes: [
    "workers or processes of plugins",
    "unload the plugins, dispose of their manager or runtime (`await using`), or start them with test.manager() or " +
    "test.withPlugin(), which end them",
  ],
  channels: ["channels to plugins", "end the plugins that they lead to"],
  processes: ["processes of plugins", "unload the plugins"],
  calls: ["calls of plugins without an answer", "await them, or give them a signal and abort it"],
  streams: ["streams of plugins", "read them to the end, or leave the loop"],
  listeners: [
    "listeners on an event bus",
    "dispose of what on() returned (`using`), or let the plugin that listens release it (this.use() in the plugin, " +
    "test.use() in the test)",
  ],
  reads: ["reads of tensors on a GPU", "await data()"],
};

const FAKE_CLOCK =
  "a fake clock: setTimeout, Date or performance.now are not those that were there before; use " +
  "test.clock(), which is restored by itself, or uninstall the clock";

function tensorsLeft(count: number): string {
  if (count < 0) {
    return `tensors (${count}): it freed some that were there before; give back only what is its own`;
  }
  return `tensors (${count}): give heads to test.use(), which frees their parameters; begin with await ` +
    "test.tensors(), which frees what is made on the way; dispose() of what was kept with tf.keep or tf.variable";
}

function currentClock(): Clock {
  const { setTimeout, setInterval, Date, performance } = globalThis;
  return { setTimeout, setInterval, Date, now: performance.now };
}

/** Whether there was something to restore. */
function restoreClock({ now, ...functions }: Clock): boolean {
  const { now: nowNow, ...functionsNow } = currentClock();
  const names = Object.keys(functions) as (keyof typeof functions)[];
  const isSame = now === nowNow && names.every((name) => functions[name] === functionsNow[name]);
  if (!isSame) {
    Object.assign(globalThis, functions);
    performance.now = now;
  }
  return !isSame;
}

async function ended(kind: LedgerKind, before: number): Promise<void> {
  for (let waitedMs = 0; waitedMs < END_MS && openThings()[kind] > before; waitedMs += LOOK_MS) {
    await new Promise((resolve) => realSetTimeout(resolve, LOOK_MS));
  }
}
