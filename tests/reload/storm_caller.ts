/**
 * One caller of the storm: it asks, streams and emits without a pause for whatever is reloaded meanwhile, and checks
 * all that it gets.
 *
 * What is promised: each request is answered once, in the order of this caller's requests, by the version that serves
 * or the one that takes over; each event is heard once and in order. Only a version that takes over and crashes breaks
 * that, for what it was given itself: those requests are rejected, and those events are lost, with all of its state.
 *
 * @module
 */
import { assert, assertEquals } from "../../core/deps/assert.ts";
import { Random } from "../../core/tensor/random.ts";
import { type EventBus, KBertError, type Plugin, type RuntimeEvents } from "../../mod.ts";
import type { Answer, Pong, StormEvents } from "./storm_plugin.ts";

/** What is going on, for the callers to know what they may expect. Whoever reloads keeps it up to date. */
export interface Situation {
  /** Versions that may answer now: the one that serves, and the one that is taking over. */
  serving: ReadonlySet<number>;
  /** Requests that are made now are given to a version that crashes before it answers any. */
  isDoomed: boolean;
  /** Events that are emitted now may be heard by a version whose state is thrown away. */
  isLossy: boolean;
  /** The first thing that was wrong. */
  problem?: unknown;
}

/** What came of it all, for all callers together. */
export class Tally {
  calls = 0;
  streams = 0;
  /** Items of streams. */
  items = 0;
  events = 0;
  rejected = 0;
  longestCallMs = 0;
  /** Who answered, by the count of requests that the plugin had had by then. */
  readonly #versions: number[] = [];

  /** @throws if another request had the same number in the plugin's count */
  count({ version, total }: Answer): void {
    assertEquals(this.#versions[total], undefined, `two requests were number ${total}`);
    this.#versions[total] = version;
  }

  /** The count has the requests that were answered and no other; no version answers after the one that followed. */
  checkAll(): void {
    const versions = this.#versions.slice(1);
    assertEquals(versions.length, this.calls + this.streams - this.rejected);
    assert(versions.every((version, index) => index === 0 || version >= versions[index - 1]!), "a step back");
  }
}

/** Requests that a caller has open at most; four of them stay below what a plugin takes. */
const MAX_OPEN = 30;
/** For a request that is held while a process starts. */
const CALL_MS = 60_000;

/** See the module's text. */
export class Caller {
  readonly name: string;
  readonly #plugin: Plugin;
  readonly #bus: EventBus<RuntimeEvents & StormEvents>;
  readonly #situation: Situation;
  readonly #tally: Tally;
  readonly #random: Random;
  readonly #open = new Set<Promise<void>>();
  #nextRequest = 1;
  #lastEvent = 0;
  /** The last event that must have been heard before what is asked after it. */
  #lastSureEvent = 0;
  #lastHeard = 0;
  readonly #lossy = new Set<number>();

  constructor(
    name: string,
    { plugin, bus, situation, tally, seed }: {
      readonly plugin: Plugin;
      readonly bus: EventBus<RuntimeEvents & StormEvents>;
      readonly situation: Situation;
      readonly tally: Tally;
      readonly seed: number;
    },
  ) {
    this.name = name;
    this.#plugin = plugin;
    this.#bus = bus;
    this.#situation = situation;
    this.#tally = tally;
    this.#random = Random.at(seed, name.charCodeAt(0));
  }

  /** Until the signal aborts, and then until all of it is over. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const random = this.#random;
      if (random.uniform() < 0.2) this.#emit();
      if (this.#open.size < MAX_OPEN) this.#request();
      if (random.uniform() < 0.2) this.#emit();
      // A timer: by then, whatever was rejected together has been seen.
      await pause(random.below(6));
    }
    while (this.#open.size > 0) await Promise.all(this.#open);
  }

  /** Called with what the plugin says for each event of this caller. */
  heard({ version, number, previous }: Pong): void {
    this.#watched(() => {
      assert(this.#situation.serving.has(version), `version ${version} heard event ${number}`);
      assertEquals(previous, this.#lastHeard);
      assert(number > previous, `event ${number} was heard after ${previous}`);
      for (let missed = previous + 1; missed < number; missed++) this.#checkLossy(missed);
      this.#lastHeard = number;
    });
  }

  /** Whether every event that must be heard was. */
  get isHeard(): boolean {
    return this.#lastHeard >= this.#lastSureEvent;
  }

  #emit(): void {
    const number = ++this.#lastEvent;
    this.#tally.events++;
    if (this.#situation.isLossy) this.#lossy.add(number);
    else this.#lastSureEvent = number;
    this.#keep(this.#bus.emit("storm.ping", { caller: this.name, number }));
  }

  #checkLossy(number: number): void {
    assert(this.#lossy.has(number), `${this.name}: event ${number} was not heard`);
  }

  #request(): void {
    const random = this.#random;
    const kind = random.uniform();
    if (kind < 0.6) this.#keep(this.#answered((number) => this.#call("ask", number)));
    else if (kind < 0.8) {
      const ms = random.below(8);
      this.#keep(this.#answered((number) => this.#call("askSlowly", number, ms)));
    } else this.#keep(this.#answered((number) => this.#stream(number, 1 + random.below(12))));
  }

  async #call(method: string, number: number, ...args: number[]): Promise<Answer> {
    this.#tally.calls++;
    const answer = await this.#plugin.call(method, [this.name, number, ...args], { timeoutMs: CALL_MS });
    return answer as unknown as Answer;
  }

  /** All items, and all of one version. */
  async #stream(number: number, items: number): Promise<Answer> {
    this.#tally.streams++;
    let first: Answer | undefined;
    let count = 0;
    const stream = this.#plugin.stream("count", [this.name, number, items], { timeoutMs: CALL_MS });
    for await (const value of stream) {
      const { item, ...answer } = value as unknown as Answer & { item: number };
      first ??= answer;
      assertEquals([item, answer], [count++, first]);
    }
    assertEquals(count, items);
    this.#tally.items += items;
    return first!;
  }

  async #answered(request: (number: number) => Promise<Answer>): Promise<void> {
    const number = this.#nextRequest++;
    const { isDoomed } = this.#situation;
    const event = this.#lastSureEvent;
    const began = performance.now();
    const answer = await request(number).catch((error) => this.#rejected(number, isDoomed, error));
    if (answer === undefined) return;
    const { serving } = this.#situation;
    assert(!isDoomed, `${this.name}: request ${number} was answered by a version that crashes`);
    assert(serving.has(answer.version), `version ${answer.version} answered, and ${[...serving]} may`);
    assertEquals([answer.number, answer.previous], [number, number - 1]);
    assert(
      answer.event >= event && answer.event <= this.#lastEvent,
      `${answer.event} is not ${event} or later`,
    );
    this.#tally.count(answer);
    this.#tally.longestCallMs = Math.max(this.#tally.longestCallMs, performance.now() - began);
  }

  /** The numbers of rejected requests are used again: for the plugin, they never were. */
  #rejected(number: number, isDoomed: boolean, error: unknown): undefined {
    const isCrash = error instanceof KBertError && error.code === "plugin/closed" &&
      /because of an error that nobody caught: version \d+ crashed$/.test(error.message);
    if (!isDoomed || !isCrash) throw error;
    this.#tally.rejected++;
    this.#nextRequest = Math.min(this.#nextRequest, number);
  }

  #keep(work: Promise<void>): void {
    const kept = work.catch((error) => this.#report(error)).finally(() => this.#open.delete(kept));
    this.#open.add(kept);
  }

  #watched(check: () => void): void {
    try {
      check();
    } catch (error) {
      this.#report(error);
    }
  }

  #report(error: unknown): void {
    this.#situation.problem ??= error;
  }
}

/** At least one turn of the event loop. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
