/**
 * What hosts a plugin: a place to run, a port to it, and the power to end it.
 *
 * Only the interface is here. `workers/` has the places (a Web Worker of this process; a child process),
 * `mod.ts` hands one of them to the plugin manager, and no code between knows which it is.
 *
 * @module
 */
import type { FramePort } from "./frame.ts";

/** Where a plugin runs. */
export type Tier = "worker" | "process";

/**
 * What the code in a place may do by itself. Nothing: what a plugin is granted, the host does for it. A grant
 * that cannot be done so (a file to read, a host to reach) becomes another member of this union.
 */
export type SandboxPermissions = "none";

/** Parts of the SDK beside the plain one: tensors, tables, or both of them. */
export type Kit = "plain" | "tensors" | "tables" | "all";

/** What a place is asked for. */
export interface SandboxOptions {
  /** Shown in errors and by debuggers. */
  readonly name: string;
  /** Which tier is wanted, for those who can make several; others make what they make. */
  readonly tier?: Tier;
  /** What of the SDK is there; with less, a place starts faster and takes less memory. */
  readonly kit: Kit;
  /** Called once if the place ends by itself: a crash, an uncaught error. Never after it was disposed of. */
  readonly onFailure: (reason: string) => void;
  /** @default {"none"} */
  readonly permissions?: SandboxPermissions;
  /**
   * Resident memory in MiB beyond what the place takes before any code of the plugin has run; tensors and other
   * buffers are in it. A process ends itself; a worker is watched by the host. @default {1_024}
   */
  readonly memoryMb?: number;
  /** JavaScript objects in MiB. A process ends itself; a worker is watched by the host. @default {512} */
  readonly heapMb?: number;
  /** Hears the lines that the place writes besides frames, printable, up to 64 KiB. Only a process has any. */
  readonly log?: (line: string) => void;
}

/** Limits of a place in MiB, unless somebody says otherwise; see {@linkcode SandboxOptions}. */
export const SANDBOX_LIMITS = { memoryMb: 1_024, heapMb: 512 } as const;

/**
 * A running place. Whoever created it disposes of it, and with it of everything that runs there: at once, and
 * in the tier `process` whatever it is doing.
 */
export interface Sandbox extends Disposable {
  readonly tier: Tier;
  readonly port: FramePort;
}

/** Starts an empty place; the plugin's code is sent to it afterwards, as data. */
export type SandboxFactory = (options: SandboxOptions) => Sandbox;
