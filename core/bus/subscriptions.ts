/**
 * Who listens to what, answered fast: which listeners hear a topic is worked out once and kept until
 * somebody comes or goes.
 *
 * A list that was given out is never changed: a dispatch that walks it does not see who came meanwhile,
 * and asks `active` for who has gone.
 *
 * @module
 */
import { closed, opened } from "../wall/ledger.ts";
import type { BusEvent } from "./event.ts";
import { checkTopic, isTopic, matchesTopic } from "./topics.ts";

/** What is subscribed to. */
export interface NewSubscription {
  readonly pattern: string;
  readonly listener: (payload: unknown, event: BusEvent) => unknown;
  readonly priority: number;
  /** It is removed before its first call. */
  readonly once: boolean;
  /** Called when it is removed, by whomever. */
  readonly onRemove: () => void;
  /** How many past events it wants, for a watch that has to fetch them. @default {0} */
  readonly history?: number | undefined;
}

/** Hears which patterns are listened to: a bus whose events come from elsewhere asks for them only then. */
export interface PatternWatch {
  /** Called before the first listener of a pattern is added; if it throws, nobody is. */
  onFirstListener(pattern: string, history: number): void;
  /** Called after the last one was removed. */
  onLastListener(pattern: string): void;
}

/** One listener of one pattern. */
export interface Subscription extends NewSubscription {
  /** Whether it is in the list. */
  active: boolean;
  /** When it came, counted from 1. */
  readonly order: number;
}

/** Topics whose listeners are kept: a plugin that invents topics must not fill the memory. */
const MAX_CACHED = 1_000;

/** The subscriptions of one bus. */
export class Subscriptions {
  readonly #exact = new Map<string, Set<Subscription>>();
  readonly #wildcards = new Map<string, Set<Subscription>>();
  readonly #cache = new Map<string, readonly Subscription[]>();
  readonly #watch: PatternWatch | undefined;
  #added = 0;
  #size = 0;

  constructor(watch?: PatternWatch) {
    this.#watch = watch;
  }

  get size(): number {
    return this.#size;
  }

  /** Adds one whose pattern is a pattern. @throws what the watch throws */
  add(wanted: NewSubscription): Subscription {
    const groups = this.#groupsOf(wanted.pattern);
    if (!groups.has(wanted.pattern)) this.#watch?.onFirstListener(wanted.pattern, wanted.history ?? 0);
    const subscription = { ...wanted, active: true, order: ++this.#added };
    const group = groups.get(wanted.pattern);
    if (group) group.add(subscription);
    else groups.set(wanted.pattern, new Set([subscription]));
    this.#size++;
    opened("listeners");
    this.#forget(wanted.pattern);
    return subscription;
  }

  /** Removes one; twice is harmless. */
  remove(subscription: Subscription): void {
    if (!subscription.active) return;
    const { pattern } = subscription;
    const groups = this.#groupsOf(pattern);
    const group = groups.get(pattern);
    group?.delete(subscription);
    if (group?.size === 0) groups.delete(pattern);
    subscription.active = false;
    this.#size--;
    closed("listeners");
    this.#forget(pattern);
    subscription.onRemove();
    if (group?.size === 0) this.#watch?.onLastListener(pattern);
  }

  /** All, or those of exactly this pattern. */
  list(pattern?: string): Subscription[] {
    if (pattern !== undefined) return [...this.#groupsOf(pattern).get(pattern) ?? []];
    return [...this.#exact.values(), ...this.#wildcards.values()].flatMap((group) => [...group]);
  }

  /**
   * Those that hear a topic, in the order in which they are called.
   *
   * @throws {KBertError} `event/topic`; only topics are in the cache, so a hit needs no check.
   */
  matching(topic: string): readonly Subscription[] {
    const cached = this.#cache.get(topic);
    if (cached) return cached;
    checkTopic(topic);
    const matching = [...this.#exact.get(topic) ?? []];
    for (const [pattern, group] of this.#wildcards) {
      if (matchesTopic(pattern, topic)) matching.push(...group);
    }
    matching.sort((one, other) => other.priority - one.priority || one.order - other.order);
    if (this.#cache.size >= MAX_CACHED) this.#cache.clear();
    this.#cache.set(topic, matching);
    return matching;
  }

  #groupsOf(pattern: string): Map<string, Set<Subscription>> {
    return isTopic(pattern) ? this.#exact : this.#wildcards;
  }

  /** Drops what the cache says of topics that the pattern may match. */
  #forget(pattern: string): void {
    if (isTopic(pattern)) this.#cache.delete(pattern);
    else this.#cache.clear();
  }
}
