/**
 * What is seen of an attack: by its host, which measures itself, and from outside of it.
 *
 * @module
 */
import type { PortName } from "../manifest/families.ts";
import type { Tier } from "../wall/sandbox.ts";

/** What a host is told; the plugin never sees it. */
export interface HostSetup {
  readonly folder: string;
  /** What it is loaded as. */
  readonly port: PortName;
  readonly tier: Tier;
  /** Longest call and longest phase. */
  readonly callMs: number;
  /** What must not come out. */
  readonly secrets: readonly string[];
  /** Topics that it may emit on. */
  readonly emits: readonly string[];
  /** Services that it is offered. */
  readonly offered: readonly string[];
  /** Begins the line of the report, which nobody else can write then. */
  readonly nonce: string;
}

/** What the host saw. Times are in milliseconds. */
export interface HostReport {
  /** How the call, or the start, came to its end. */
  readonly end: "answered" | "failed" | "refused" | "overdue";
  /** What it answered, or its error, printable and cut. */
  readonly outcome: string;
  /** How long the host's event loop was held up at most. */
  readonly lagMs: number;
  /** From its deadline, or from being told to end, until nothing of it ran; undefined if something still does. */
  readonly endMs: number | undefined;
  /** Whether the host has given up on it by itself, and takes no call for it any more. */
  readonly isQuarantined: boolean;
  readonly openCalls: number;
  /** Whether another plugin of the same host was served when all was over. */
  readonly isServing: boolean;
  /** What an attack on the host itself would have changed: rights, intrinsics, `({}).polluted`. */
  readonly changes: readonly string[];
  /** Events and calls that should not have come through, and secrets that did. */
  readonly breaches: readonly string[];
  /** MiB by which the host's memory was larger than before: at most, and when all was over. */
  readonly peakMb: number;
  readonly keptMb: number;
}

/** All that is known about one attack on one tier. */
export interface Evidence {
  readonly tier: Tier;
  readonly secrets: readonly string[];
  /** Undefined if the host did not live to write it. */
  readonly report: HostReport | undefined;
  /** How the host ended; undefined if it had to be killed. */
  readonly exit: { readonly code: number; readonly signal: string | null } | undefined;
  /** From its report to its end. */
  readonly exitMs: number;
  /** All that reached the terminal, without the report. */
  readonly terminal: string;
  /** Files that are another one after it, where it may write none. @default {none} */
  readonly changedFiles?: readonly string[];
}
