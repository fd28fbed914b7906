/**
 * Why a folder cannot be watched, or not well, and what to do about it.
 *
 * @module
 */
import { printable } from "../manifest/problems.ts";
import { KBertError, messageOf } from "../wall/errors.ts";

/** @param reason as the end of a sentence */
export function unusable(folder: string, reason: string, cause?: unknown): KBertError<"file/unusable"> {
  const message = `Cannot watch ${printable(folder)}: ${reason}`;
  return new KBertError("file/unusable", message, { path: folder }, { cause });
}

/** @param cause what the system said */
export function unreadable(folder: string, cause: unknown): KBertError<"file/unusable"> {
  const reason = messageOf(cause).replace(/ \(os error.*$/s, "").replace(
    /^./,
    (first) => first.toLowerCase(),
  );
  return unusable(folder, `${printable(reason)}; give yourself the right to read it`, cause);
}

/** It is still looked at, only later. */
export function withoutEvents(folder: string, lookMs: number, cause: unknown): KBertError<"file/unusable"> {
  const advice = Deno.build.os === "linux" ? "; raise fs.inotify.max_user_watches to have them" : "";
  const reason = `the system gives no events of it (${printable(messageOf(cause))})`;
  return unusable(folder, `${reason}, so it is only looked at every ${lookMs} ms${advice}`, cause);
}
