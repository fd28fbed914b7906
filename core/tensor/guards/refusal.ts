/**
 * The error of a guard that cannot repair: what a backend would answer with garbage, or with a sentence that
 * says nothing about the tensor.
 *
 * @module
 */
import { KBertError } from "../../wall/errors.ts";

/** What is refused, and the number that decided. */
export interface Refusal {
  readonly backend: string;
  /** As tfjs calls it. */
  readonly operation: string;
  /** Why, and what to do instead, as the end of a sentence that begins "Cannot compute X on Y: ". */
  readonly problem: string;
  readonly limit?: number;
  readonly value?: number;
}

/** The typed error for a {@linkcode Refusal}; thrown by the caller. */
export function unsupported({ problem, ...detail }: Refusal): KBertError<"tensor/unsupported"> {
  const message = `Cannot compute ${detail.operation} on ${detail.backend}: ${problem}`;
  return new KBertError("tensor/unsupported", message, detail);
}
