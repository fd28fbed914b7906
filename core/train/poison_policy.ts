/**
 * What a run does with a batch that its head answered with poison.
 *
 * A head has two policies only. `last-good`, which other ports have, makes no sense for it: a gradient belongs to
 * the texts and weights that it was computed from, and an older one is as wrong as a poisoned one.
 *
 * @module
 */
import { KBertError } from "../wall/errors.ts";
import { PoisonCounts, type PoisonTable } from "../wall/poison.ts";

/** Ends the run, with a checkpoint of the step before; or goes on with the next batch. */
export type PoisonPolicy = "abort" | "skip";

/** Batches in a row that may be skipped; a head that is wrong more often is broken, and would train nothing. */
export const MAX_SKIPS_IN_A_ROW = 3;

/** Decides, and counts for the result. */
export class PoisonHandler {
  readonly #policy: PoisonPolicy;
  readonly #plugin: string;
  #counts = new PoisonCounts();
  #inARow = 0;

  constructor(plugin: string, policy: PoisonPolicy = "abort") {
    this.#plugin = plugin;
    this.#policy = policy;
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
    if (this.#counts.count(this.#plugin, thrown) === undefined || this.#policy === "abort") return thrown;
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
