/**
 * How long something takes, said in a way that a test can rely on.
 *
 * A time in milliseconds says as much about the machine as about the code. So besides the times there is
 * {@linkcode PerformanceTimer.compare}: two things measured in turns, in the same run, and the ratio of their
 * medians. That is what a test asserts where it does not know the machine.
 *
 * @module
 */
import { tensorScope } from "./tensor_engine.ts";

/** How is measured. */
export interface PerformanceTimerOptions {
  /** Runs before the first that counts: the engine compiles, caches fill. @default {10} */
  readonly warmUp?: number;
  /** Runs that count. @default {100} */
  readonly samples?: number;
}

/** What was measured, in milliseconds. */
export interface Timing {
  readonly samples: number;
  readonly meanMs: number;
  /** The middle one; of an even number of samples, the upper of the two in the middle. */
  readonly medianMs: number;
  /** 95 % of the samples took no longer (nearest rank). */
  readonly p95Ms: number;
}

/** Two things that were measured in turns. */
export interface Comparison {
  readonly subject: Timing;
  readonly reference: Timing;
  /** Of the medians: how many times as long as the reference the subject takes. */
  readonly ratio: number;
}

/** What is measured. If it answers a tensor, its numbers are read: a GPU is done only then. */
export type Measured = () => unknown;

/** The real one: a test may have faked the clock's. */
const now = performance.now.bind(performance);

/**
 * Measures. Tensors that a run makes are freed after it.
 *
 * @example How much a head costs beside its raw operations
 * ```ts
 * import { performanceTimer } from "./performance_timer.ts";
 * import { assertEquals, assertLess } from "../../../core/deps/assert.ts";
 *
 * const timer = performanceTimer({ warmUp: 2, samples: 20 });
 * const sum = (upTo: number) => {
 *   let total = 0;
 *   for (let number = 0; number < upTo; number++) total += number;
 *   return total;
 * };
 * const { subject, ratio } = await timer.compare(() => sum(1e5), () => sum(3e5));
 * assertEquals(subject.samples, 20);
 * assertLess(ratio, 1);
 * ```
 */
export function performanceTimer(options: PerformanceTimerOptions = {}): PerformanceTimer {
  return new PerformanceTimer(options);
}

/** Made by {@linkcode performanceTimer}. */
export class PerformanceTimer {
  readonly #warmUp: number;
  readonly #samples: number;

  /** @throws {RangeError} for numbers of runs that are none */
  constructor({ warmUp = 10, samples = 100 }: PerformanceTimerOptions) {
    requireCount("warmUp", warmUp, 0);
    requireCount("samples", samples, 1);
    this.#warmUp = warmUp;
    this.#samples = samples;
  }

  /** Runs it again and again. */
  async measure(run: Measured): Promise<Timing> {
    const [times] = await this.#measure([run]);
    return timingOf(times!);
  }

  /** Runs both in turns; who is first changes from turn to turn, because the second finds a warmer machine. */
  async compare(subject: Measured, reference: Measured): Promise<Comparison> {
    const [ours, theirs] = (await this.#measure([subject, reference])).map(timingOf);
    return { subject: ours!, reference: theirs!, ratio: ours!.medianMs / theirs!.medianMs };
  }

  /** The times of each, in the order of `runs`. */
  async #measure(runs: readonly Measured[]): Promise<number[][]> {
    const times: number[][] = runs.map(() => []);
    for (let turn = -this.#warmUp; turn < this.#samples; turn++) {
      const order = [...runs.keys()];
      if (turn % 2 !== 0) order.reverse();
      for (const which of order) {
        const elapsedMs = await timed(runs[which]!);
        if (turn >= 0) times[which]!.push(elapsedMs);
      }
    }
    return times;
  }
}

async function timed(run: Measured): Promise<number> {
  using _scope = tensorScope();
  const startMs = now();
  const answer = await run();
  if (isTensor(answer)) await answer.data();
  return now() - startMs;
}

/**
 * What a list of times, at least one, says.
 *
 * @example
 * ```ts
 * import { timingOf } from "./performance_timer.ts";
 * import { assertEquals } from "../../../core/deps/assert.ts";
 *
 * assertEquals(timingOf([1, 4, 1]), { samples: 3, meanMs: 2, medianMs: 1, p95Ms: 4 });
 * ```
 */
export function timingOf(times: readonly number[]): Timing {
  const sorted = times.toSorted((one, other) => one - other);
  return {
    samples: times.length,
    meanMs: times.reduce((sum, time) => sum + time, 0) / times.length,
    medianMs: sorted[sorted.length >> 1]!,
    p95Ms: sorted[Math.ceil(0.95 * sorted.length) - 1]!,
  };
}

function isTensor(answer: unknown): answer is { data(): Promise<unknown> } {
  return typeof answer === "object" && answer !== null && "dataId" in answer && "data" in answer;
}

function requireCount(name: string, value: number, least: number): void {
  if (Number.isSafeInteger(value) && value >= least) return;
  throw new RangeError(`${name} is a whole number of runs, ${least} or more, not ${value}`);
}
