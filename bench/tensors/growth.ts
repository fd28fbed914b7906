/**
 * `growth/…`: how a training step grows when one of its sizes is doubled, against how its operations grow.
 *
 * Ours is the time with the size doubled over the time before, in turns; the reference is the same quotient
 * of operation counts. A ratio below 1 is a step that has fixed costs, above 1 one that leaves a cache. The
 * fastest turn counts, and not the middle one: what other programs do on the machine only adds, and a quotient
 * shows it twice.
 *
 * @module
 */
import { bertConfig } from "../../core/bert/config.ts";
import { examples, type StepShape, WholeModel } from "../models.ts";
import { type Row, row } from "../rows.ts";
import { type MeasuredBackend, onBackends, turnsOn } from "./backends.ts";

/** Small enough that each doubling still takes little, and large enough that products are most of it. */
const BASE: StepShape = {
  config: bertConfig("tiny", { vocabSize: 4_000, dropout: 0 }),
  batch: 16,
  length: 64,
};

/** What is doubled, each alone. A wider model has more heads, of the same width. */
const DOUBLED: Readonly<Record<string, StepShape>> = {
  layers: { ...BASE, config: { ...BASE.config, layers: 2 * BASE.config.layers } },
  width: {
    ...BASE,
    config: {
      ...BASE.config,
      hiddenSize: 2 * BASE.config.hiddenSize,
      intermediateSize: 2 * BASE.config.intermediateSize,
      heads: 2 * BASE.config.heads,
    },
  },
  length: { ...BASE, length: 2 * BASE.length },
  batch: { ...BASE, batch: 2 * BASE.batch },
  vocabulary: { ...BASE, config: { ...BASE.config, vocabSize: 2 * BASE.config.vocabSize } },
};

/** A row for each size and backend. */
export async function growthRows(
  turns: number,
  wanted: readonly MeasuredBackend[] | undefined,
): Promise<Row[]> {
  const all = await onBackends("growth", wanted, ["wasm", "native", "webgpu"], async (backend) => {
    const rows: Row[] = [];
    for (const [name, shape] of Object.entries(DOUBLED)) {
      using doubled = new WholeModel(shape);
      using base = new WholeModel(BASE);
      const [large, small] = [examples(shape), examples(BASE)];
      const [largeMs, smallMs] = await fastest(turnsOn(backend, turns), [
        () => doubled.step(large),
        () => base.step(small),
      ]) as [number, number];
      const note = `${backend.name}, from ${smallMs.toFixed(1)} to ${largeMs.toFixed(1)} ms`;
      const adapter = backend.adapter === null ? {} : { adapter: backend.adapter };
      const operations = operationsOf(shape) / operationsOf(BASE);
      rows.push(row(`growth/${name}`, largeMs / smallMs, operations, "x", { note, ...adapter }));
    }
    return rows;
  });
  return all.flat();
}

/** Milliseconds of the fastest run of each, in turns after one that does not count. */
async function fastest(turns: number, runs: readonly (() => Promise<unknown>)[]): Promise<number[]> {
  const best = runs.map(() => Infinity);
  for (let turn = 0; turn <= turns; turn++) {
    for (const [index, run] of runs.entries()) {
      const started = performance.now();
      await run();
      if (turn > 0) best[index] = Math.min(best[index]!, performance.now() - started);
    }
  }
  return best;
}

/**
 * Floating-point operations of a step: the products, forward once and backward twice, and 18 for each
 * parameter (two for the norm, 16 for AdamW). What is element by element is left out: it grows as the
 * products do, or slower.
 *
 * @example
 * ```ts
 * import { operationsOf } from "./growth.ts";
 * import { bertConfig } from "../../core/bert/config.ts";
 * import { assertEquals } from "../../core/deps/assert.ts";
 *
 * const shape = { vocabSize: 10, hiddenSize: 2, intermediateSize: 4, heads: 1, layers: 1, maxPositions: 4 };
 * const config = bertConfig("tiny", shape);
 * // 6 tokens through 32 weights, 2 x 3 x 3 x 2 products of attention in each of 2 texts, and 90 parameters.
 * assertEquals(operationsOf({ config, batch: 2, length: 3 }), 6 * (6 * 32 + 2 * 36) + 18 * 90);
 * ```
 */
export function operationsOf({ config, batch, length }: StepShape): number {
  const { layers, hiddenSize: hidden, intermediateSize: inner } = config;
  const weights = 4 * hidden ** 2 + 2 * hidden * inner;
  const attention = 2 * length ** 2 * hidden;
  const products = layers * batch * (length * weights + attention);
  const blocks = layers * (weights + 9 * hidden + inner);
  const tables = (config.vocabSize + config.maxPositions + config.typeVocabSize + 2) * hidden;
  return 6 * products + 18 * (blocks + tables);
}
