/**
 * Downloads files without the right to use the network: a process that is started for them has it, for their server
 * only.
 *
 * @module
 */
import type { DownloadFailure, DownloadOrder } from "./download_program.ts";
import { runProgram } from "./program.ts";
import { refusedSource, unreachable } from "./source_errors.ts";

/** How it is downloaded. */
export interface DownloadOptions {
  /** For sentences. */
  readonly source: string;
  /** Most bytes of one file. */
  readonly maxBytes: number;
  /** Most bytes of all files. @default {maxBytes} */
  readonly maxBytesInAll?: number;
  readonly signal: AbortSignal;
}

const PROGRAM = new URL("./download_program.ts", import.meta.url);

/**
 * The contents of files of one server, in the order of their URLs. The process uses the proxy and the certificates
 * that Deno is configured for.
 *
 * Needs the right to start `deno`.
 *
 * @param urls all `https:`, or `http:` of this machine
 * @throws {KBertError} `source/unreachable` if the server is down or has no such file, `source/refused` if a URL is
 * not allowed, the server sends it on to another one, or sends too much; the reason of the signal
 * @example
 * ```ts
 * import { download } from "./download.ts";
 * import { assertRejects } from "../deps/assert.ts";
 *
 * const options = { source: "a server", maxBytes: 1_000, signal: new AbortController().signal };
 * const message = "only https: is taken, and http: from this machine";
 * await assertRejects(() => download([new URL("http://example.com/")], options), Error, message);
 * ```
 */
export async function download(
  urls: readonly URL[],
  { source, maxBytes, maxBytesInAll = maxBytes, signal }: DownloadOptions,
): Promise<Uint8Array<ArrayBuffer>[]> {
  if (urls.length === 0) return [];
  for (const url of urls) checkDownloadUrl(url, source);
  const host = hostOf(urls[0]!);
  if (urls.some((url) => hostOf(url) !== host)) throw new TypeError("The URLs are of different servers");
  const order: DownloadOrder = { urls: urls.map(({ href }) => href), maxBytes };
  const end = await runProgram("deno", {
    source,
    args: [
      ...["run", "--no-prompt", "--no-config", "--no-lock", "--no-npm", "--quiet"],
      ...(PROGRAM.protocol === "file:" ? ["--no-remote"] : []), // from a URL, it is itself something remote
      ...[`--allow-net=${host}`, PROGRAM.href],
    ],
    input: new TextEncoder().encode(JSON.stringify(order)),
    maxOutputBytes: maxBytesInAll + 4 * urls.length,
    signal,
  });
  if (end.isSuccess) return split(end.stdout);
  if (end.exceeded !== undefined) {
    const reason = `it has more than ${maxBytesInAll} bytes, which is the limit`;
    throw refusedSource(source, reason, { limit: maxBytesInAll });
  }
  const { kind, reason, limit } = failureOf(end.stderr);
  if (kind === "unreachable") throw unreachable(source, reason);
  throw refusedSource(source, reason, limit === undefined ? {} : { limit });
}

/** @throws {KBertError} `source/refused` if nothing is downloaded from there */
export function checkDownloadUrl({ protocol, hostname, username, password }: URL, source: string): void {
  if (username !== "" || password !== "") {
    throw refusedSource(source, "its address has a user name or password; name one that needs none");
  }
  if (protocol === "https:" || protocol === "http:" && isLoopback(hostname)) return;
  throw refusedSource(source, "only https: is taken, and http: from this machine; name such an address");
}

/** Whether a server is on this machine, where nobody in between can change what it sends. */
export function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(?:\.\d{1,3}){3}$/.test(hostname);
}

function hostOf({ protocol, hostname, port }: URL): string {
  return `${hostname}:${port || (protocol === "https:" ? 443 : 80)}`;
}

function split(stdout: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer>[] {
  const files: Uint8Array<ArrayBuffer>[] = [];
  const view = new DataView(stdout.buffer, stdout.byteOffset, stdout.byteLength);
  for (let at = 0; at < stdout.length;) {
    const length = view.getUint32(at);
    files.push(stdout.slice(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return files;
}

function failureOf(stderr: string): DownloadFailure {
  try {
    return JSON.parse(stderr) as DownloadFailure;
  } catch {
    const reason = stderr.split("\n").find((line) => /error/i.test(line)) ?? "it has ended without a word";
    return { kind: "unreachable", reason: `the process that downloads it has failed: ${reason}` };
  }
}
