/**
 * Every failure that k-bert raises on purpose, as one sentence for people and a code with data for programs.
 *
 * The message says what could not be done, the limit, the value that was found, and what to do next, with
 * no full stop at the end. A code is part of the public interface: it is never renamed, and each has one
 * shape of `detail`. Anything else that is thrown is a bug.
 *
 * @module
 */

/** Code → what a program gets in `detail`. */
export interface Faults {
  /** A call, an event or a frame broke the protocol of the wall. */
  "wall/frame": { plugin?: string; limit?: number; value?: number };
  /** A call was not answered in time. */
  "call/timeout": { plugin: string; method: string; timeoutMs: number };
  /** The caller gave a call up. */
  "call/aborted": { plugin: string; method: string };
  /** The plugin's method threw. `cause` is its error as it came across the wall. */
  "call/failed": { plugin: string; method: string };
  /** The plugin has no such method. */
  "call/unknown-method": { plugin: string; method: string; nearest?: string };
  /** The arguments of a call are not what the method takes. */
  "call/arguments": { plugin: string; method: string; problem: string };
  /** A plugin asked the host for what it may not have, or what is not there. */
  "service/refused": { plugin: string; service: string };
  /** The plugin is gone: stopped, crashed or never started. */
  "plugin/closed": { plugin: string; reason: string };
  /** A plugin folder that cannot be made into an image: a missing file, a forbidden import, a size. */
  "plugin/image": { plugin: string; file?: string; limit?: number; value?: number };
  /** The code of a plugin is not what k-bert.lock says; `changed` are its files that differ, are new or are missing. */
  "plugin/locked": {
    plugin: string;
    lock: string;
    expected: string;
    actual: string;
    changed: readonly string[];
  };
  /** A source of plugins that cannot be reached, or does not have what was asked for. */
  "source/unreachable": { source: string };
  /** What a source gave is not what it should be: another hash, a name that is taken, an archive that is none. */
  "source/refused": {
    source: string;
    file?: string;
    expected?: string;
    actual?: string;
    limit?: number;
    value?: number;
  };
  /** A plugin whose signature is missing, false, or made with another key than before. Keys are in base64. */
  "plugin/signature": { plugin: string; expected?: string; actual?: string };
  /** A plugin that was made for other versions of k-bert; `found` is the version of the package that it came in. */
  "plugin/incompatible": { plugin: string; range: string; version: string; found?: string };
  /** No plugin of this name was found. */
  "plugin/unknown": { plugin: string; nearest?: string };
  /** Plugins that need each other in a circle, or one that is missing, disabled or of another version. */
  "plugin/dependency": { plugin: string; chain: readonly string[]; range?: string; version?: string };
  /** The plugin is in a state in which this cannot be done. */
  "plugin/state": { plugin: string; state: string; action: string };
  /** A plugin has reached one of its limits; `limit` is its name in plugin.yaml. */
  "plugin/limit": { plugin: string; limit: string; most: number; value: number };
  /** A version of a plugin did not take over from the one before, which goes on. The place is in the plugin's source. */
  "plugin/reload": { plugin: string; phase: string; file?: string; line?: number; column?: number };
  /** The plugin crashed too often; it is not started again by itself. */
  "plugin/quarantined": { plugin: string; restarts: number; withinMs: number };
  /** A plugin answered something else than its port promises. */
  "plugin/answer": { plugin: string; method: string; limit?: number; value?: number };
  /** A plugin does not run with the rights it has. */
  "plugin/permission": { plugin: string; right: string };
  /** Nobody has agreed to the rights that a plugin asks for; `command` grants them. */
  "plugin/consent": { plugin: string; sha256: string; asks: readonly string[]; command: string };
  /** A plugin used a right that it was not granted; `value` is the host, path or name it was used on. */
  "capability/refused": { plugin: string; right: string; value: string };
  /** A topic that is not one, or that its emitter or listener did not declare. */
  "event/topic": { topic: string; plugin?: string };
  /** Nobody emitted what was waited for. */
  "event/timeout": { topic: string; timeoutMs: number };
  /** Waiting for an event, or for the listeners of one, was given up. */
  "event/aborted": { topic: string };
  /** A service that the container cannot make: unknown, disposed of, or made of itself. `chain` is how it was asked for. */
  "container/unresolved": { token: string; chain: readonly string[] };
  /** A YAML or JSON document that is not what was expected; the first of `problems` is in the message. */
  "document/invalid": { file: string; problems: readonly DocumentProblem[] };
  /** A command line that cannot be understood. */
  "usage/invalid": { argument: string };
  /** A value given by the user that is outside of what is possible. */
  "input/invalid": { name: string; limit?: number | string; value?: number | string };
  /** A file or folder that is missing, unreadable or cannot be written. */
  "file/unusable": { path: string };
  /** Model or checkpoint bytes that are damaged or do not fit. */
  "weights/invalid": { file: string };
  /** A checkpoint of another configuration, or damaged. */
  "checkpoint/unusable": { path: string; difference?: string };
  /** The requested backend cannot be had. */
  "backend/unavailable": { backend: string; reason: string };
  /** The device reported an error; every tensor computed since is worthless. `lost` if it is gone, not only wrong. */
  "device/failed": { backend: string; reason: string; lost?: boolean };
  /** A tensor that the device cannot hold. */
  "tensor/too-large": { limitBytes: number; bytes: number };
  /** What a backend cannot compute: too many axes, no numbers, an integer too large. `operation` is as tfjs calls it. */
  "tensor/unsupported": { backend: string; operation: string; limit?: number; value?: number };
  /** A tensor whose shape or type is not the expected one. */
  "tensor/shape": { expected: readonly number[]; actual: readonly number[] };
  /** A loss or gradient that is NaN or infinite. */
  "train/not-finite": { step: number; what: string; value: number };
}

/** One problem of a document, with its place counted from 1. */
export interface DocumentProblem {
  readonly line: number;
  readonly column: number;
  /** Dotted path of the key, empty for the document as a whole. */
  readonly path: string;
  /** What was found, what was expected, and the nearest valid key if there is one. */
  readonly message: string;
}

/** A failure with a {@linkcode Faults} code; `cause` holds what the other side said. */
export class KBertError<Code extends keyof Faults = keyof Faults> extends Error {
  override readonly name = "KBertError";

  constructor(
    readonly code: Code,
    message: string,
    readonly detail: Faults[Code],
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** The message of anything that was thrown, however odd it is. */
export function messageOf(thrown: unknown): string {
  try {
    return thrown instanceof Error ? thrown.message : String(thrown);
  } catch {
    return "an error that cannot be printed";
  }
}
