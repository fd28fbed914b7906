/**
 * What came of a feature extractor: for the script that called it, and for the result of a run on its columns.
 *
 * @module
 */

/** Of one extractor over one table. */
export interface ExtractReport {
  readonly plugin: string;
  /** `cached` if the same code made them of the same table before; `skipped` if it failed and was to be passed over. */
  readonly outcome: "computed" | "cached" | "skipped";
  readonly newColumns: readonly string[];
  readonly milliseconds: number;
  /** Of one that was skipped: why, as a sentence. */
  readonly error?: string;
  /** Of one that was skipped: the reason of a refused answer, or the error's code. */
  readonly failure?: string;
}
