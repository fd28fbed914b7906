/**
 * What a host and the process of a plugin tell each other besides frames.
 *
 * @module
 */
import type { Kit, SandboxPermissions } from "../core/wall/sandbox.ts";

/** How a process is told what to become; JSON, its only argument. */
export interface ProcessSetup {
  readonly kit: Kit;
  /** Of the plugin's worker. */
  readonly permissions: SandboxPermissions;
  /** MiB, see SandboxOptions. */
  readonly memoryMb: number;
  /** Process of the host. */
  readonly hostId: number;
}

/** How it ends when the plugin used more memory than it may. */
export const MEMORY_EXIT_CODE = 86;

/** Begins the line on its standard error that says how many MiB it was. */
export const MEMORY_LINE = "k-bert: it used MiB of memory: ";

/** Sent to a plugin's worker instead of a port: its host is behind standard input and output. */
export const ON_A_PIPE = "pipe";

/** What the worker of a process tells its main thread. */
export type WorkerNews =
  /** Every module is loaded. */
  | "loaded"
  /** The host is gone, or has closed its end. */
  | "end"
  /** Resident memory in bytes, the moment before the plugin's code is imported. */
  | number;

/** A way to tell it. A plugin's worker takes hold of it before its realm is locked. */
export function mainThread(): (news: WorkerNews) => void {
  const post = Reflect.get(globalThis, "postMessage") as (news: WorkerNews) => void;
  return post.bind(globalThis);
}

/**
 * The head of the first frame. Who was started and who answers have to be the same process: a launcher script
 * named `deno` is killed without what it launched, and whatever else runs under the name does not know this.
 */
export function greeting(processId: number): string {
  return `k-bert ${processId}`;
}
