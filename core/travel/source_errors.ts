/**
 * How it is said that a source of plugins cannot be had: `source/unreachable` if asking again later or elsewhere
 * may help, `source/refused` if what it gave is not what it should be.
 *
 * What a server or an archive says of itself is as hostile as its code, so all of it is made printable here.
 *
 * @module
 */
import { type Faults, KBertError } from "../wall/errors.ts";
import { printable } from "../wall/printable.ts";

/** What a sentence about a source is made of, beside the reason. */
export type SourceFault = Omit<Faults["source/refused"], "source">;

/** A source that is down, has nothing there, or takes too long. */
export function unreachable(
  source: string,
  reason: string,
  options?: ErrorOptions,
): KBertError<"source/unreachable"> {
  return new KBertError("source/unreachable", sentence(source, reason), { source }, options);
}

/** A source whose content is not taken. */
export function refusedSource(
  source: string,
  reason: string,
  fault: SourceFault = {},
  options?: ErrorOptions,
): KBertError<"source/refused"> {
  return new KBertError("source/refused", sentence(source, reason), { source, ...fault }, options);
}

/** A text of the other side within a sentence: in quotes, so that its end is seen, and not too long. */
export function quoted(text: string): string {
  return JSON.stringify(printable(text, 200));
}

function sentence(source: string, reason: string): string {
  return `Cannot take a plugin from ${printable(source, 300)}: ${printable(reason, 900)}`;
}
