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
  const detail = { source: withoutPassword(source) };
  return new KBertError("source/unreachable", sentence(source, reason), detail, options);
}

/** A source whose content is not taken. */
export function refusedSource(
  source: string,
  reason: string,
  fault: SourceFault = {},
  options?: ErrorOptions,
): KBertError<"source/refused"> {
  const detail = { source: withoutPassword(source), ...fault };
  return new KBertError("source/refused", sentence(source, reason), detail, options);
}

/** A text of the other side within a sentence: in quotes, so that its end is seen, and not too long. */
export function quoted(text: string): string {
  return JSON.stringify(printable(text, 200));
}

/** A text in which no URL has a password, nor a user name that is half of one. */
export function withoutPassword(text: string): string {
  return text.replace(/(https?:\/\/)[^/\s@]*@/g, "$1").replace(/(:\/\/[^/\s@:]*):[^/\s@]*@/g, "$1@");
}

function sentence(source: string, reason: string): string {
  const parts = [printable(withoutPassword(source), 300), printable(withoutPassword(reason), 900)];
  return `Cannot take a plugin from ${parts.join(": ")}`;
}
