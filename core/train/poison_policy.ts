/**
 * What a run does with a batch that its head answered with poison, or failed with.
 *
 * A head has two policies only. `last-good`, which other ports have, makes no sense for it: a gradient belongs to
 * the texts and weights that it was computed from, and an older one is as wrong as a poisoned one.
 *
 * @module
 */
import { KBertError } from "../wall/errors.ts";
import { PoisonCounts, poisonOf, type PoisonTable } from "../wall/poison.ts";
import { FailureCounts } from "./run_plugin.ts";

/** Ends the run, with a checkpoint of the step before; or goes on with the next batch. */
export type PoisonPolicy = "abort" | "skip";

/** Batches in a row that may be skipped; a head that is wrong more often is broken, and would train nothing. */
export const MAX_SKIPS_IN_A_ROW = 3;

/** Decides, and counts for the result. */
export class PoisonHandler {
  readonly #policy: PoisonPolicy;
  readonly #plugin: string;
  readonly #failures: FailureCounts;
  #counts = new PoisonCounts();
  #inARow = 0;

  /** @param failures counts calls that failed; answers that were refused are counted here */
  constructor(plugin: string, policy: PoisonPolicy = "abort", failures = new FailureCounts()) {
    this.#plugin = plugin;
    this.#policy = policy;
    this.#failures = failures;
  }

  /** See {@linkcode PoisonCounts.table}. */
  get table(): PoisonTable {
    return this.#counts.table();
  }

  /** For a checkpoint. */
  get state(): { poisoned: PoisonTable; skipsInARow: number } {
    return { poisoned: this.table, skipsInARow: this.#inARow };
  }

  /** Goes on from a checkpoint's data. */
  restore({ poisoned, skipsInARow }: Readonly<Record<string, unknown>>): void {
    this.#counts = new PoisonCounts(poisoned);
    this.#inARow = Number(skipsInARow ?? 0);
  }

  /** A batch was good. */
  succeeded(): void {
    this.#inARow = 0;
  }

  /**
   * Counts what a step threw.
   *
   * @returns what was thrown, if the run has to end with it; undefined if the batch is to be skipped
   */
  failed(thrown: unknown): unknown {
    const isFailure = this.#counts.count(this.#plugin, thrown) !== undefined || hasFailed(thrown);
    if (!isFailure) return thrown;
    if (poisonOf(thrown) === undefined) this.#failures.count(this.#plugin, thrown);
    if (this.#policy === "abort") return thrown;
    if (++this.#inARow <= MAX_SKIPS_IN_A_ROW) return undefined;
    const problem = thrown instanceof Error ? thrown.message : String(thrown);
    const message = `${problem} (${this.#inARow} batches in a row were answered so, and the limit is ` +
      `${MAX_SKIPS_IN_A_ROW})`;
    return new KBertError("plugin/answer", message, {
      plugin: this.#plugin,
      method: "step",
      limit: MAX_SKIPS_IN_A_ROW,
      value: this.#inARow,
    }, { cause: thrown });
  }
}

/** The head threw, or did not answer in time: no weight has moved. One that is gone has lost its weights, too. */
function hasFailed(thrown: unknown): boolean {
  return thrown instanceof KBertError && (thrown.code === "call/failed" || thrown.code === "call/timeout");
}
