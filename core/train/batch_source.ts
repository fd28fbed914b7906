/**
 * The batches of a run, across epochs, prepared ahead: while a step computes, augmenters work on the texts of the
 * next ones. A step waits only for augmenters that do not keep up.
 *
 * Which examples make up which batch, and what augmenters make of them, is a function of the seed, the epoch and
 * the place, so a resumed run finds the same batches.
 *
 * @module
 */
import type { BertTokenizer } from "../bert/tokenizer.ts";
import type { Augmentation } from "./augmentation.ts";
import { chunks, epochBatches } from "./batches.ts";
import { encodeExample, type Example, type TrainingExample } from "./examples.ts";
import { FailureCounts } from "./run_plugin.ts";

/** Batches that are prepared while another one is trained on. */
const AHEAD = 2;

/** What batches are made of. */
export interface BatchSourceOptions {
  /** As they were given, and tokenized; augmenters change the former. */
  readonly given: readonly TrainingExample[];
  readonly tokenized: readonly Example[];
  readonly tokenizer: BertTokenizer;
  /** How many labels the run has. */
  readonly labels: number;
  readonly augmentation: Augmentation;
  readonly seed: number;
  readonly batchSize: number;
  readonly accumulationSteps: number;
  readonly epochs: number;
  readonly signal: AbortSignal;
}

/** One update's examples. */
export interface Batch {
  readonly epoch: number;
  /** From 0, in its epoch. */
  readonly index: number;
  readonly examples: readonly Example[];
  /** What augmenters let the step wait for. */
  readonly waitMilliseconds: number;
  /** Of augmenters on these examples: counted with the step, since a batch that was not trained on is made again. */
  readonly failures: FailureCounts;
}

/** Where a batch is, before it is made. */
interface Plan {
  readonly epoch: number;
  readonly index: number;
  readonly places: readonly number[];
}

/** See the module's text. Leaving the loop gives up what is being prepared. */
export class BatchSource {
  readonly #options: BatchSourceOptions;
  readonly stepsPerEpoch: number;

  constructor(options: BatchSourceOptions) {
    const { tokenized, batchSize, accumulationSteps } = options;
    this.#options = options;
    this.stepsPerEpoch = Math.ceil(tokenized.length / (batchSize * accumulationSteps));
  }

  /** From a step on, counted from 0, to the end of the last epoch. */
  async *from(step: number): AsyncGenerator<Batch, void, void> {
    const giveUp = new AbortController();
    const signal = AbortSignal.any([this.#options.signal, giveUp.signal]);
    const waiting: { plan: Plan; made: Promise<Example[]>; failures: FailureCounts }[] = [];
    const plans = this.#plans(step);
    const prepare = (): void => {
      const { value: plan } = plans.next();
      if (!plan) return;
      const failures = new FailureCounts();
      const made = this.#examplesOf(plan, failures, signal);
      made.catch(() => {}); // it is heard of when it is its turn
      waiting.push({ plan, made, failures });
    };
    try {
      for (let count = 0; count <= AHEAD; count++) prepare();
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        const started = performance.now();
        const examples = await next.made;
        const waitMilliseconds = performance.now() - started;
        prepare();
        const { plan: { epoch, index }, failures } = next;
        yield { epoch, index, examples, waitMilliseconds, failures };
      }
    } finally {
      giveUp.abort();
      await Promise.allSettled(waiting.map(({ made }) => made));
    }
  }

  *#plans(step: number): Generator<Plan, undefined, void> {
    const { tokenized, batchSize, accumulationSteps, seed, epochs } = this.#options;
    const lengths = tokenized.map(({ ids, lower }) => Math.max(ids.length, lower?.ids.length ?? 0));
    for (let epoch = Math.floor(step / this.stepsPerEpoch); epoch < epochs; epoch++) {
      const groups = chunks(epochBatches(lengths, { batchSize, seed, epoch }), accumulationSteps);
      const first = Math.max(0, step - epoch * this.stepsPerEpoch);
      for (let index = first; index < groups.length; index++) {
        yield { epoch, index, places: groups[index]!.flat() };
      }
    }
    return undefined;
  }

  async #examplesOf(
    { epoch, places }: Plan,
    failures: FailureCounts,
    signal: AbortSignal,
  ): Promise<Example[]> {
    const { given, tokenized, tokenizer, labels, augmentation } = this.#options;
    if (augmentation.isEmpty) return places.map((place) => tokenized[place]!);
    const before = places.map((place) => given[place]!);
    const after = await augmentation.augment(before, places, { name: `epoch ${epoch}`, failures, signal });
    return after.map((example, at) =>
      example === before[at] ? tokenized[places[at]!]! : encodeExample(example, tokenizer, labels)
    );
  }
}
