/**
 * A call of a kernel that is cut into stripes, and the words by which threads agree on who computes which.
 *
 * A stripe is the same call with other numbers: each argument moves on by its step for each unit (a row, a
 * column, a number), and one argument is how many units there are. Whoever is free takes the next stripe, so
 * a thread that the system has put aside holds up nobody but its own stripe. What comes out does not depend on
 * who took what.
 *
 * Both sides use this file, so it knows nothing of tfjs.
 *
 * @module
 */

/** The kernels that are cut, in the order of their numbers. */
export const STRIPED = [
  "gemm",
  "products",
  "layerNorm",
  "layerNormGradient",
  "gelu",
  "geluGradient",
  "geluGradientSums",
  "biasGelu",
  "softmax",
  "softmaxGradient",
  "dropout",
  "adamW",
  "columnSums",
] as const;

/** Name of a kernel that is cut. */
export type StripedKernel = typeof STRIPED[number];

/** The functions of an instance of our module, as far as they are cut. */
export type StripedExports = Readonly<Record<StripedKernel, (...args: number[]) => void>>;

/** A call and how it is cut. */
export interface Job {
  readonly kernel: StripedKernel;
  /** Of the first stripe. At most {@linkcode MOST_ARGUMENTS}. */
  readonly args: readonly number[];
  /** What each argument grows by per unit. */
  readonly steps: readonly number[];
  /** Which argument is the number of units. */
  readonly count: number;
  /** Units in all. */
  readonly total: number;
  /** Units of each stripe but the last. */
  readonly stripe: number;
  /** Not worth waking a thread, although it has stripes. @default {false} */
  readonly isSmall?: boolean;
}

/** As many as the longest kernel has. */
export const MOST_ARGUMENTS = 20;

/** Into how many stripes it is cut. */
export function stripesOf({ total, stripe }: Job): number {
  return Math.ceil(total / stripe);
}

/** Computes all stripes, one after the other. */
export function computeAll(kernels: StripedExports, job: Job): void {
  for (let index = 0; index < stripesOf(job); index++) computeStripe(kernels, job, index);
}

/** Computes one stripe. */
function computeStripe(kernels: StripedExports, job: Job, index: number): void {
  const { kernel, args, steps, count, total, stripe } = job;
  const first = index * stripe;
  const own = args.map((arg, place) => arg + steps[place]! * first);
  own[count] = Math.min(stripe, total - first);
  kernels[kernel](...own);
}

/** Words of 32 bits, each on a cache line of its own. */
export const WORDS = {
  /** Counts jobs; threads without work wait for it to change. */
  job: 0,
  /** Stripes that nobody has taken; below one there is nothing to do. */
  left: 16,
  /** Threads that may be computing a stripe. */
  busy: 32,
  /** Threads that are asleep and have to be woken. */
  asleep: 48,
  /** Not 0 once a thread has failed. */
  failed: 64,
  /** Not 0 when threads are to end. */
  ended: 80,
} as const;

/** Where the job is written, in bytes. */
const JOB = 96 * 4;
/** Kernel, number of arguments, count, total, stripe. */
const HEAD = 5;

/** Bytes of the memory that threads agree in. */
export const CONTROL_BYTES = JOB + 8 * (HEAD + 2 * MOST_ARGUMENTS);

/** What threads agree in, as two views of the same memory. */
export interface Control {
  readonly words: Int32Array<SharedArrayBuffer>;
  readonly job: Float64Array<SharedArrayBuffer>;
}

/** The views of `CONTROL_BYTES` bytes. */
export function controlOf(memory: SharedArrayBuffer): Control {
  return { words: new Int32Array(memory, 0, JOB / 4), job: new Float64Array(memory, JOB) };
}

/** Writes a job where no thread has one to read. */
export function writeJob({ job: to }: Control, job: Job): void {
  const { kernel, args, steps, count, total, stripe } = job;
  to.set([STRIPED.indexOf(kernel), args.length, count, total, stripe]);
  to.set(args, HEAD);
  to.set(steps, HEAD + MOST_ARGUMENTS);
}

/** The job as it was written. */
export function readJob({ job: from }: Control): Job {
  const [kernel, length, count, total, stripe] = from as unknown as [number, number, number, number, number];
  const list = (at: number): number[] => Array.from(from.subarray(at, at + length));
  const steps = list(HEAD + MOST_ARGUMENTS);
  return { kernel: STRIPED[kernel]!, args: list(HEAD), steps, count, total, stripe };
}

/** Takes stripes and computes them until none is left. */
export function takeStripes(kernels: StripedExports, { words }: Control, read: () => Job): void {
  let job: Job | undefined;
  for (;;) {
    const index = Atomics.sub(words, WORDS.left, 1) - 1;
    if (index < 0) return;
    computeStripe(kernels, job ??= read(), index);
  }
}
