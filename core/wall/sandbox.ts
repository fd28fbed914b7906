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
export type Tier = "worker";

/** What a place is asked for. */
export interface SandboxOptions {
  /** Shown in errors and by debuggers. */
  readonly name: string;
  /** Whether the plugin computes with tensors; without, its place starts faster and takes less memory. */
  readonly tensors: boolean;
  /** Called once if the place ends by itself: a crash, an uncaught error. */
  readonly onFailure: (reason: string) => void;
}

/** A running place. Whoever created it disposes of it, and with it of everything that runs there. */
export interface Sandbox extends Disposable {
  readonly tier: Tier;
  readonly port: FramePort;
}

/** Starts an empty place; the plugin's code is sent to it afterwards, as data. */
export type SandboxFactory = (options: SandboxOptions) => Sandbox;
