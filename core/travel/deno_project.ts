/**
 * Deno as the one who asks registries: it knows the user's settings for them (which registry, passwords, proxies), so
 * this program has to know none.
 *
 * Each fetch has a cache of its own, which is gone afterwards. So what is had was really asked for, its size can be
 * watched, and a plugin that is looked at and not taken leaves nothing in the user's cache.
 *
 * @module
 */
import { ARCHIVE_LIMITS } from "./archive_limits.ts";
import { type ProgramEnd, runProgram } from "./program.ts";
import { refusedSource, unreachable } from "./source_errors.ts";

/** Where and for whom it is run. */
export interface DenoProject {
  /** For sentences. */
  readonly source: string;
  /** A folder of its own. */
  readonly folder: string;
  readonly signal: AbortSignal;
}

/**
 * Runs a command of Deno's that executes no code.
 *
 * @throws {KBertError} `source/unreachable`, `source/refused` if it fetches too much
 */
export async function runDeno(
  { source, folder, signal }: DenoProject,
  args: readonly string[],
): Promise<ProgramEnd> {
  const end = await runProgram("deno", {
    source,
    args,
    cwd: folder,
    env: { DENO_DIR: `${folder}/cache`, DENO_NO_UPDATE_CHECK: "1" },
    signal,
    maxOutputBytes: 16_000_000,
    watched: { folder, maxBytes: ARCHIVE_LIMITS.workBytes },
  });
  if (end.exceeded === undefined) return end;
  const limit = ARCHIVE_LIMITS.workBytes;
  throw refusedSource(source, `it has more than ${limit} bytes, which is the limit`, { limit });
}

/**
 * Makes a sentence of what Deno says that went wrong.
 *
 * @param text its error, with or without `error:` before it
 */
export function denoFailure(source: string, text: string): Error {
  const lines = text.split("\n").map((line) => line.trim()).filter((line) => line !== "");
  const at = Math.max(0, lines.findIndex((line) => line.startsWith("error:")));
  const [head = "it has ended without a word", ...more] = lines.slice(at);
  const reason = head.replace(/^error: /, "").replace(/[.:]$/, "");
  if (/minimum dependency date/.test(text)) {
    const advice = "wait until it is older, or set minimum_age_hours in registry.yaml lower";
    return unreachable(source, `${reason}: there is one, but it is too new; ${advice}`);
  }
  const mismatch = more.find((line) => /checksum|integrity/i.test(line));
  if (mismatch !== undefined) {
    const hashes = more.filter((line) => /^(?:expected|actual)/i.test(line)).join(", ");
    const advice = "the registry lies, or was tampered with: do not use it";
    return refusedSource(source, `${`${mismatch.replace(/^\d+: |[.:]$/g, "")} ${hashes}`.trim()}; ${advice}`);
  }
  const cause = more.find((line) => /refused|timed out|dns|connect|unreachable|\b[45]\d\d\b/i.test(line));
  const because = cause === undefined ? "" : ` (${cause.replace(/^\d+: /, "").split(": ").at(-1)})`;
  return unreachable(source, `${reason}${because}; correct the name or version, or try again later`);
}
