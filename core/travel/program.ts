/**
 * Runs a program that fetches (`deno`, `git`) to its end, or until it takes too long, writes too much or is given up.
 *
 * Never through a shell, and without standard input: nobody is asked for a password in the middle of it. Where the
 * program itself has no bound on what it fetches, the folder that it fetches into is watched.
 *
 * @module
 */
import { joined } from "./gzip.ts";
import { unreachable } from "./source_errors.ts";

/** What is run, and how far. */
export interface ProgramOptions {
  /** What is fetched, for sentences. */
  readonly source: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Written to its standard input, which is otherwise empty. */
  readonly input?: Uint8Array<ArrayBuffer>;
  /** Ends the program. */
  readonly signal: AbortSignal;
  /** Most that it may write to standard output; a program that writes more is ended. @default {1_000_000} */
  readonly maxOutputBytes?: number;
  /** A folder that may not become larger than so many bytes; a program that makes it larger is ended. */
  readonly watched?: { readonly folder: string; readonly maxBytes: number };
}

/** How a program has ended. */
export interface ProgramEnd {
  /** Whether it came to its end by itself, and without an error. */
  readonly isSuccess: boolean;
  readonly stdout: Uint8Array<ArrayBuffer>;
  /** The beginning of what it wrote to standard error. */
  readonly stderr: string;
  /** The bound that it was ended for, if it was. */
  readonly exceeded?: "output" | "folder";
}

const MAX_STDERR_BYTES = 64_000;
/** How long a program may take to end its own helpers before it is killed. */
const GRACE_MS = 2_000;
const WATCH_MS = 100;

/**
 * Runs it.
 *
 * @throws {KBertError} `source/unreachable` if it is not installed, or this program may not start it; the reason of
 * the signal
 */
export async function runProgram(name: "deno" | "git", options: ProgramOptions): Promise<ProgramEnd> {
  const { input, signal, maxOutputBytes = 1_000_000, watched } = options;
  signal.throwIfAborted();
  const child = spawn(name, options);
  using ending = new Ending(child);
  let exceeded: ProgramEnd["exceeded"];
  const exceed = (what: "output" | "folder"): void => {
    exceeded ??= what;
    ending.ask();
  };
  const abort = (): void => ending.ask();
  signal.addEventListener("abort", abort);
  try {
    using _watch = watched && watchFolder(watched.folder, watched.maxBytes, () => exceed("folder"));
    const [stdout, stderr, { success }] = await Promise.all([
      readUpTo(child.stdout, maxOutputBytes, ending.forced, () => exceed("output")),
      readUpTo(child.stderr, MAX_STDERR_BYTES, ending.forced),
      child.status.finally(() => ending.childEnded()),
      input && write(child.stdin, input),
    ]);
    signal.throwIfAborted();
    // Once more: it may have been faster than the watch.
    if (watched && exceeded === undefined && bytesIn(watched.folder) > watched.maxBytes) exceeded = "folder";
    const isSuccess = success && exceeded === undefined;
    return { isSuccess, stdout, stderr: new TextDecoder().decode(stderr), ...(exceeded && { exceeded }) };
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

function spawn(name: string, { source, args, env = {}, cwd, input }: ProgramOptions): Deno.ChildProcess {
  try {
    return new Deno.Command(name, {
      ...{ args: [...args], env: { NO_COLOR: "1", ...env }, ...(cwd !== undefined && { cwd }) },
      ...{ stdin: input === undefined ? "null" : "piped", stdout: "piped", stderr: "piped" },
    }).spawn();
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) {
      throw unreachable(source, `it takes the program ${name}, which is not installed; install it`, {
        cause,
      });
    }
    if (cause instanceof Deno.errors.NotCapable) {
      const advice = `run this program with --allow-run=${name}`;
      throw unreachable(source, `it takes the program ${name}, which may not be started; ${advice}`, {
        cause,
      });
    }
    throw cause;
  }
}

/** Ends a child: politely, so that it can end its own children, and a little later in any case. */
class Ending implements Disposable {
  readonly #child: Deno.ChildProcess;
  readonly #forced = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(child: Deno.ChildProcess) {
    this.#child = child;
  }

  /** Aborted when the child has ended because it had to: its own children may hold its output open. */
  get forced(): AbortSignal {
    return this.#forced.signal;
  }

  ask(): void {
    if (this.#timer !== undefined) return;
    this.#kill("SIGTERM");
    this.#timer = setTimeout(() => this.#kill("SIGKILL"), GRACE_MS);
  }

  childEnded(): void {
    if (this.#timer !== undefined) this.#forced.abort();
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }

  #kill(signal: Deno.Signal): void {
    try {
      this.#child.kill(signal);
    } catch {
      // It has ended by itself.
    }
  }
}

/** Reads to the end, so that the writer does not wait, and keeps the beginning. */
async function readUpTo(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  maxBytes: number,
  forced: AbortSignal,
  onMore?: () => void,
): Promise<Uint8Array<ArrayBuffer>> {
  const reader = stream.getReader();
  const cancel = (): void => void reader.cancel();
  forced.addEventListener("abort", cancel);
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read()) {
    const kept = value!.subarray(0, maxBytes - bytes);
    chunks.push(kept);
    bytes += kept.length;
    if (kept.length < value!.length) onMore?.();
  }
  forced.removeEventListener("abort", cancel);
  return joined(chunks, bytes);
}

/** A program that ends early has not read all, and says itself why. */
async function write(
  into: WritableStream<Uint8Array<ArrayBuffer>>,
  input: Uint8Array<ArrayBuffer>,
): Promise<void> {
  const writer = into.getWriter();
  try {
    await writer.write(input);
    await writer.close();
  } catch {
    await writer.abort().catch(() => {});
  }
}

function watchFolder(folder: string, maxBytes: number, onMore: () => void): Disposable {
  const timer = setInterval(() => {
    if (bytesIn(folder) > maxBytes) onMore();
  }, WATCH_MS);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

/** Of all files below it, as far as they are still there when they are looked at. */
function bytesIn(folder: string): number {
  let bytes = 0;
  const folders = [folder];
  for (const one of folders) {
    try {
      for (const { name, isDirectory, isFile } of Deno.readDirSync(one)) {
        if (isDirectory) folders.push(`${one}/${name}`);
        else if (isFile) bytes += Deno.lstatSync(`${one}/${name}`).size;
      }
    } catch {
      // Removed in between.
    }
  }
  return bytes;
}
