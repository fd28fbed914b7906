/**
 * Shadow mode: a new version of a plugin answers the same calls as the one that serves, and nobody is given its
 * answers. After so many calls it is decided whether they are near enough.
 *
 * The caller never waits for the shadow, and what it gives is copied, because the buffers of a call are moved. Only
 * calls are compared; a stream is read by one consumer. What the new version does besides answering (services,
 * network) it does a second time, so this is for plugins that compute.
 *
 * @module
 */
import { after } from "../bus/settle.ts";
import { fromWire } from "../table/wire.ts";
import { KBertError, messageOf } from "../wall/errors.ts";
import type { CallOptions } from "../wall/options.ts";
import type { WireValue } from "../wall/values.ts";
import type { PluginCaller } from "./caller.ts";
import { compareValues, type Tolerance } from "./value_difference.ts";

/** How long and how closely two versions are compared. */
export interface ShadowOptions extends Tolerance {
  /** Calls that have to be answered alike, at least 1. */
  readonly calls: number;
  /** Longest that they may take to come, in milliseconds. @default {600_000} */
  readonly withinMs?: number;
}

/** What came of it. */
export interface ShadowReport {
  /** Calls that were compared. */
  readonly calls: number;
  /** The largest difference of two numbers. */
  readonly largest: number;
  /** Median milliseconds of a call, of the version that served and of the new one. */
  readonly oldMs: number;
  readonly newMs: number;
  /** Why the new version must not take over, as a sentence; undefined if it may. */
  readonly problem?: string;
}

/** See {@linkcode ShadowOptions.withinMs}. */
const WITHIN_MS = 600_000;

type Answer = { readonly value: WireValue } | { readonly error: unknown };

/** See the module's text. Whoever made it disposes of it, which decides that there were too few calls. */
export class ShadowRun implements Disposable {
  readonly #caller: PluginCaller;
  readonly #options: ShadowOptions;
  readonly #signal: AbortSignal;
  readonly #report = Promise.withResolvers<ShadowReport>();
  readonly #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #times: { old: number; new: number }[] = [];
  #begun = 0;
  #largest = 0;

  /** @throws {RangeError} for a number of calls or a tolerance that is none */
  constructor(caller: PluginCaller, options: ShadowOptions, signal: AbortSignal) {
    const { calls, withinMs = WITHIN_MS } = options;
    compareValues(0, 0, options); // refuses a tolerance that is none
    if (!Number.isInteger(calls) || calls < 1) throw new RangeError(`Cannot compare ${calls} calls`);
    this.#caller = caller;
    this.#options = options;
    this.#signal = signal;
    this.#report.promise.catch(() => {});
    this.#timer = after(
      withinMs,
      () => this.#decide(`only ${this.#times.length} of ${calls} calls came within ${withinMs} ms`),
    );
    signal.addEventListener("abort", this.#onAbort, { once: true });
    if (signal.aborted) this.#onAbort();
  }

  /** Resolves when it is decided. @throws the signal's reason, as a rejection */
  get report(): Promise<ShadowReport> {
    return this.#report.promise;
  }

  /** Makes a call, and the same of the shadow. */
  call(
    method: string,
    args: readonly WireValue[],
    options: CallOptions,
    call: () => Promise<WireValue>,
  ): Promise<WireValue> {
    const copies = this.#begun < this.#options.calls ? copyOf(args) : undefined;
    if (copies === undefined) return call();
    this.#begun++;
    const { signal: _, transfer: __, ...limits } = options;
    const answer = call();
    const began = performance.now();
    const old = ended(method, answer, began);
    const shadow = ended(method, this.#caller.call(method, copies, limits), began);
    void Promise.all([old, shadow]).then(([old, shadow]) => this.#compare(method, old, shadow));
    return answer;
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#signal.removeEventListener("abort", this.#onAbort);
  }

  readonly #onAbort = (): void => this.#report.reject(this.#signal.reason);

  #compare(method: string, old: Ended, fresh: Ended): void {
    this.#times.push({ old: old.milliseconds, new: fresh.milliseconds });
    const problem = this.#problemOf(old.answer, fresh.answer);
    if (problem !== undefined) {
      return this.#decide(`in call ${this.#times.length} of ${this.#options.calls}, ${method}() ${problem}`);
    }
    if (this.#times.length >= this.#options.calls) this.#decide();
  }

  #problemOf(old: Answer, fresh: Answer): string | undefined {
    if ("error" in old) {
      // That its caller gave it up says nothing about the answers, and that both failed is alike.
      if ("error" in fresh || isGivenUp(old.error)) return undefined;
      return `answered, and the version before failed: ${messageOf(old.error)}`;
    }
    if ("error" in fresh) return `failed, and the version before answered: ${messageOf(fresh.error)}`;
    const { isWithin, largest, place, problem } = compareValues(old.value, fresh.value, this.#options);
    this.#largest = Math.max(this.#largest, largest);
    return isWithin ? undefined : `answered something else${place ? ` at ${place}` : ""}: ${problem}`;
  }

  #decide(problem?: string): void {
    const half = (times: number[]): number => times.toSorted((a, b) => a - b)[times.length >> 1] ?? 0;
    this.#report.resolve({
      calls: this.#times.length,
      largest: this.#largest,
      oldMs: half(this.#times.map((time) => time.old)),
      newMs: half(this.#times.map((time) => time.new)),
      ...(problem !== undefined && { problem }),
    });
  }
}

interface Ended {
  readonly answer: Answer;
  readonly milliseconds: number;
}

/**
 * How a call ended, and after how long. Never rejects. The answer is copied before its caller has it, who may
 * change it or move it away.
 */
async function ended(method: string, call: Promise<WireValue>, began: number): Promise<Ended> {
  const answer = await call.then((value) => ({ value: comparable(method, value) }))
    .catch((error: unknown) => ({ error }));
  return { answer, milliseconds: performance.now() - began };
}

/** A copy, in a form in which a tolerance means something: a table crosses as the bytes of its columns. */
function comparable(method: string, value: WireValue): WireValue {
  const copy = structuredClone(value);
  if (method !== "extractFeatures") return copy;
  try {
    return fromWire(copy).toLists() as unknown as WireValue;
  } catch {
    return copy; // a method of the same name that answers something else
  }
}

function isGivenUp(error: unknown): boolean {
  return error instanceof KBertError && error.code === "call/aborted";
}

/** Undefined if it cannot be copied: then it cannot cross either, and the call says so. */
function copyOf(args: readonly WireValue[]): readonly WireValue[] | undefined {
  try {
    return structuredClone(args);
  } catch {
    return undefined;
  }
}
