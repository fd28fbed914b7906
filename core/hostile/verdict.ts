/**
 * Whether an attack was held, and why: a pure function of what was seen.
 *
 * The `worker` tier cannot stop a thread that does not listen, nor take memory from it. Such an attack is known
 * by what it does, never by its name, and is held there if the host stays well and is done with the plugin.
 *
 * @module
 */
import { printable } from "../wall/printable.ts";
import type { Tier } from "../wall/sandbox.ts";
import type { Evidence, HostReport } from "./evidence.ts";

/** Milliseconds that a host may not answer for. */
export const MAX_LAG_MS = 100;
/** Milliseconds from a plugin's deadline until nothing of it runs. */
export const MAX_END_MS = 1_000;
/** Milliseconds that a host may take to end by itself when it has nothing more to do. */
export const MAX_EXIT_MS = 3_000;
/**
 * MiB that a host may keep; garbage of a flood is among it, and in its own process the pages of a thread that is
 * gone, which allocators give back in their own time.
 */
export const MAX_KEPT_MB = { process: 256, worker: 768 } as const;
/** MiB in one process from which on a plugin of this process is a bomb. */
const BOMB_MB = 768;

/** What a terminal must never be sent. */
// deno-lint-ignore no-control-regex -- escape codes are what this is about
const UNPRINTABLE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;

/** What became of an attack. */
export interface Verdict {
  readonly held: boolean;
  readonly why: string;
  /** Whether it was lost by the clock alone, which a busy machine does to anybody: worth another try. */
  readonly isTiming: boolean;
}

/** Judges an attack. */
export function verdictOf(evidence: Evidence): Verdict {
  const { report } = evidence;
  const atHost = problemsOfHost(evidence);
  if (!report) return { held: false, why: atHost.join("; "), isTiming: false };
  const isStuck = evidence.tier === "worker" && isBeyondWorker(report);
  const atPlugin = isStuck ? problemsOfStuck(report) : problemsOfPlugin(report, evidence.tier);
  const late = latenessOf(report, isStuck);
  const problems = [...atHost, ...atPlugin, ...late];
  if (problems.length > 0) {
    const isTiming = atHost.length + atPlugin.length === 0;
    return { held: false, why: problems.join("; "), isTiming };
  }
  const outcome = printable(report.outcome, 100);
  if (isStuck) {
    return {
      held: true,
      why: `worker tier: cannot be stopped by design; given up: ${outcome}`,
      isTiming: false,
    };
  }
  const how = {
    answered: "answered",
    failed: "ended with",
    refused: "refused before it ran",
    overdue: "ended at its deadline",
  }[report.end];
  return { held: true, why: `${how}: ${outcome}`, isTiming: false };
}

/** A thread that runs on, or memory that nobody can take away. */
function isBeyondWorker({ endMs, peakMb, end, outcome, isQuarantined }: HostReport): boolean {
  const isBomb = peakMb > BOMB_MB && outcome.startsWith("BREACH");
  return endMs === undefined || isBomb || end === "overdue" && isQuarantined;
}

function problemsOfHost(
  { report, exit, exitMs, terminal, secrets, changedFiles = [] }: Evidence,
): string[] {
  const problems: string[] = [];
  if (!exit) problems.push("the host did not end by itself");
  else if (exit.signal !== null) problems.push(`the host was ended by ${exit.signal}`);
  else if (exit.code !== 0) problems.push(`the host ended with code ${exit.code}`);
  else if (exitMs > MAX_EXIT_MS) problems.push(`the host took ${Math.round(exitMs)} ms to end`);
  if (!report) problems.push(`the host did not report: ${printable(terminal, 200)}`);
  if (UNPRINTABLE.test(terminal)) problems.push("bytes of the plugin reached the terminal as they were");
  const secret = secrets.find((one) => terminal.includes(one));
  if (secret !== undefined) problems.push(`a secret reached the terminal: ${printable(secret, 40)}`);
  problems.push(...changedFiles.map((file) => `the file ${printable(file, 100)} was written`));
  if (!report) return problems;
  if (!report.isServing) problems.push("the host does not serve its other plugins any more");
  problems.push(...report.changes, ...report.breaches);
  return problems;
}

function problemsOfPlugin({ end, outcome, endMs, openCalls, keptMb }: HostReport, tier: Tier): string[] {
  const problems: string[] = [];
  if (end !== "overdue" && outcome.startsWith("BREACH")) problems.push(printable(outcome, 200));
  if (endMs === undefined) problems.push("something of the plugin still runs");
  if (openCalls > 0) problems.push(`${openCalls} calls are still open`);
  if (keptMb > MAX_KEPT_MB[tier]) problems.push(`the host keeps ${Math.round(keptMb)} MiB more than before`);
  return problems;
}

/** What the tier for trusted plugins promises when it cannot keep more. */
function problemsOfStuck({ isQuarantined, openCalls }: HostReport): string[] {
  return [
    ...isQuarantined ? [] : ["it cannot be stopped on this tier, and the host has not given it up"],
    ...openCalls > 0 ? [`${openCalls} calls are still open`] : [],
  ];
}

function latenessOf({ lagMs, endMs = 0 }: HostReport, isStuck: boolean): string[] {
  return [
    ...lagMs >= MAX_LAG_MS ? [`the host's event loop was held up for ${Math.round(lagMs)} ms`] : [],
    ...!isStuck && endMs > MAX_END_MS ? [`it took ${Math.round(endMs)} ms to end`] : [],
  ];
}
