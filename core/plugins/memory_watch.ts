/**
 * Watches the memory that plugins in this process take: those of the tier `worker`.
 *
 * A process has a watchdog of its own; here the engine ends the whole program when one worker has filled its
 * heap, some seconds after it began. What can be seen from outside is the memory of all together. So when that
 * has grown by more than a plugin may take, each plugin is asked how much it holds. One that holds too much is
 * ended, which works because it answers. One that does not answer while the memory goes on growing is given
 * up: nothing can stop its thread, but its calls end, and the user hears of it while there is still time.
 *
 * Memory of WebAssembly is not in what a worker knows of itself; of that, only the second way finds some.
 *
 * @module
 */

/** How often the memory of this program is looked at, in milliseconds. */
const LOOK_MS = 25;
/** What a plugin has to say how much it holds. */
const ANSWER_MS = 250;
/** A question that took so much longer says more about this thread than about the plugin. */
const LATE_MS = 100;
/** How often it may miss that. */
const MAX_SILENCES = 2;
/** Growth between two questions that makes silence suspicious. */
const SUSPICIOUS_MB = 64;
const BYTES_PER_MB = 2 ** 20;

/** What a plugin holds, or may hold, in MiB. */
export interface HeldMemory {
  /** Of objects. V8 keeps their pages for the next worker when this one ends, so it is the narrower limit. */
  readonly heapMb: number;
  /** Of objects and buffers. */
  readonly memoryMb: number;
}

/** A plugin whose memory is a part of this program's. */
export interface Watched {
  /** What it may hold. */
  readonly limits: HeldMemory;
  /** What it says it holds; undefined if it does not answer within the time. */
  holds(timeoutMs: number): Promise<HeldMemory | undefined>;
  /** It holds more than it may of one of them. */
  onOver(what: keyof HeldMemory, holdsMb: number): void;
  /** It says nothing while the memory grows, by this much until now. */
  onSilent(grownMb: number): void;
}

/**
 * One for all plugins of a host. Its timer runs while there is something to watch.
 *
 * @example
 * ```ts
 * import { MemoryWatch } from "./memory_watch.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * let residentMb = 100;
 * const { promise, resolve } = Promise.withResolvers<number>();
 * using watch = new MemoryWatch(() => residentMb);
 * watch.add({
 *   limits: { heapMb: 512, memoryMb: 1_024 },
 *   holds: () => Promise.resolve({ heapMb: 520, memoryMb: 600 }),
 *   onOver: (_what, holdsMb) => resolve(holdsMb),
 *   onSilent: () => {},
 * });
 * residentMb = 700;
 * assertEquals(await promise, 520);
 * ```
 */
export class MemoryWatch implements Disposable {
  readonly #residentMb: () => number;
  readonly #watched = new Map<Watched, { silences: number }>();
  #timer: ReturnType<typeof setInterval> | undefined;
  /** The least since the watched were innocent last. */
  #baseMb = Infinity;
  #isAsking = false;

  /** @param residentMb how much memory this program takes */
  constructor(residentMb: () => number = () => Deno.memoryUsage().rss / BYTES_PER_MB) {
    this.#residentMb = residentMb;
  }

  /** Watches until the result is disposed of. */
  add(one: Watched): Disposable {
    this.#watched.set(one, { silences: 0 });
    this.#baseMb = Math.min(this.#baseMb, this.#residentMb());
    this.#timer ??= setInterval(() => void this.#look(), LOOK_MS);
    return { [Symbol.dispose]: () => this.#remove(one) };
  }

  [Symbol.dispose](): void {
    for (const one of this.#watched.keys()) this.#remove(one);
  }

  #remove(one: Watched): void {
    this.#watched.delete(one);
    if (this.#watched.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#baseMb = Infinity;
  }

  async #look(): Promise<void> {
    const nowMb = this.#residentMb();
    this.#baseMb = Math.min(this.#baseMb, nowMb);
    const leastMb = Math.min(
      ...[...this.#watched.keys()].flatMap(({ limits }) => [limits.heapMb, limits.memoryMb]),
    );
    if (this.#isAsking || nowMb - this.#baseMb <= leastMb) return;
    this.#isAsking = true;
    try {
      const areInnocent = await Promise.all([...this.#watched.keys()].map((one) => this.#ask(one)));
      // Somebody else's growth; it is not asked about again before there is as much once more.
      if (areInnocent.every(Boolean)) this.#baseMb = this.#residentMb();
    } finally {
      this.#isAsking = false;
    }
  }

  /** Whether it is known to hold no more than it may. */
  async #ask(one: Watched): Promise<boolean> {
    const beforeMb = this.#residentMb();
    const start = performance.now();
    const held = await one.holds(ANSWER_MS);
    const state = this.#watched.get(one);
    if (state === undefined) return true; // it has ended meanwhile
    if (held !== undefined) {
      state.silences = 0;
      const over = (["heapMb", "memoryMb"] as const).find((what) => held[what] > one.limits[what]);
      if (over !== undefined) one.onOver(over, held[over]);
      return over === undefined;
    }
    if (performance.now() - start > ANSWER_MS + LATE_MS) return false; // this thread was busy itself
    const isGrowing = this.#residentMb() - beforeMb >= SUSPICIOUS_MB;
    state.silences = isGrowing ? state.silences + 1 : 0;
    if (state.silences >= MAX_SILENCES) one.onSilent(this.#residentMb() - this.#baseMb);
    return false;
  }
}
