/**
 * Computations that are run again and again with tensors of the same shapes, such as the steps of a training.
 *
 * On a GPU most of the time of a small step is spent telling it what to do. What it was told is recorded once for
 * each shape, and from then on the recording is replayed with other numbers, as CUDA graphs do. Nothing of the
 * computation's code runs then, so what differs from step to step has to be asked for by functions (varying.ts).
 *
 * A replay answers what the computation would, to the last bit. Where a recording does not fit any more, because a
 * parameter has other memory, a tensor of the last run is still in use, or the backend is another one, the
 * computation is run as it is written. Backends other than webgpu always do that.
 *
 * @module
 */
import * as tf from "../deps/tfjs.ts";
import { kernelsVersion } from "./kernels/table.ts";
import { gpu } from "./kernels/webgpu/gpu.ts";
import { type Recorder, recorder } from "./kernels/webgpu/capture/recorder.ts";
import type { Outputs, Recording } from "./kernels/webgpu/capture/recording.ts";

export type { Outputs };

/** How a run is computed. */
export type CaptureMode = "plain" | "record" | "replay";

/** Recordings that were made without being of use; a shape is then left alone. */
const MOST_VAIN = 3;
/** The memory of all recordings, in times of that of the largest: four buckets of lengths share most of it. */
const MEMORY_FACTOR = 3;

/** What is known of the computations of one key. */
interface Entry {
  /** Runs so far. The first one is not recorded: it may be the only one, and compiles what it needs. */
  runs: number;
  /** Recordings that were dropped before they were of use. */
  vain: number;
  recording: Recording | undefined;
  /** Which made it. */
  recorder: Recorder | undefined;
  /** What is computed there cannot be recorded. */
  isUnfit: boolean;
  /** Of the kernels that it was made of. */
  readonly version: string;
}

/**
 * Recordings of computations, by key. Disposing of it gives their memory back.
 *
 * @example The same sum of other numbers
 * ```ts
 * import { Captures } from "./capture.ts";
 * import { hostInput } from "./varying.ts";
 * import { startBackend } from "./backend.ts";
 * import * as tf from "../deps/tfjs.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * using _backend = await startBackend("cpu"); // where nothing is recorded; the code is the same
 * using captures = new Captures();
 * const weight = tf.variable(tf.tensor([1, 2]));
 * const sums: number[] = [];
 * for (const x of [3, 4, 5]) {
 *   using run = captures.begin("of two", [weight]);
 *   const [y] = run.part(Float32Array.of(x, x), (x) => [tf.tidy(() => tf.sum(tf.mul(hostInput([2], "float32", x), weight)))]);
 *   run.end();
 *   sums.push((await y!.data())[0]!);
 *   y!.dispose();
 * }
 *
 * assertEquals(sums, [9, 12, 15]);
 * weight.dispose();
 * ```
 */
export class Captures implements Disposable {
  readonly #entries = new Map<string, Entry>();
  readonly #isOn: boolean;
  readonly #onProblem: ((problem: string, key: string) => void) | undefined;

  /**
   * @param isOn false computes everything as it is written. @default {true}
   * @param onProblem is told once for each key whose runs cannot be recorded why that is, for people
   */
  constructor(isOn = true, onProblem?: (problem: string, key: string) => void) {
    this.#isOn = isOn;
    this.#onProblem = onProblem;
  }

  /** Recordings that there are now. */
  get size(): number {
    return [...this.#entries.values()].filter(({ recording }) => recording).length;
  }

  /**
   * Begins a run. Runs must not overlap: one that begins while another one is under way is a plain one.
   *
   * @param key has to name everything that decides which operations are computed: shapes, modes, options
   * @param variables whose values are read
   */
  begin(key: string, variables: readonly tf.Variable[]): CapturedRun {
    if (!this.#isOn || tf.getBackend() !== "webgpu" || recorder().isBusy) return new CapturedRun("plain");
    const entry = this.#entryOf(key);
    entry.runs++;
    if (entry.recording && !entry.recording.isValid(tf.backend())) this.#drop(entry);
    const { recording } = entry;
    if (recording && recorder().isFree(recording)) {
      entry.vain = 0;
      return new CapturedRun("replay", recorder(), recording);
    }
    const isUnfit = entry.isUnfit || entry.vain >= MOST_VAIN;
    if (recording || isUnfit || entry.runs === 1) return new CapturedRun("plain");
    return new CapturedRun(
      "record",
      recorder(),
      recorder().begin(variables),
      (made) => this.#keep(key, entry, made),
    );
  }

  [Symbol.dispose](): void {
    for (const entry of this.#entries.values()) this.#drop(entry);
    this.#entries.clear();
  }

  /** The entry, as the one that was used last. */
  #entryOf(key: string): Entry {
    const version = `${kernelsVersion()} ${gpu().isSoftware}`;
    let entry = this.#entries.get(key);
    if (entry && entry.version !== version) {
      this.#drop(entry);
      entry = undefined;
    }
    this.#entries.delete(key);
    entry ??= { runs: 0, vain: 0, recording: undefined, recorder: undefined, isUnfit: false, version };
    this.#entries.set(key, entry);
    return entry;
  }

  /** Keeps a recording, and drops those that were not used for longest while all have too much memory. */
  #keep(key: string, entry: Entry, made: Recording): void {
    if (made.problem !== undefined) {
      entry.isUnfit = true;
      recorder().drop(made);
      return this.#onProblem?.(made.problem, key);
    }
    entry.recording = made;
    entry.recorder = recorder();
    entry.recorder.keep(made);
    const all = [...this.#entries.values()];
    const largest = Math.max(...all.map(({ recording }) => recording ? bytesOf(recording) : 0));
    for (const other of all) {
      if (recorder().arena.bytes <= MEMORY_FACTOR * largest) return;
      if (other !== entry) this.#drop(other);
    }
  }

  #drop(entry: Entry): void {
    const { recording } = entry;
    if (!recording) return;
    entry.recording = undefined;
    entry.vain++;
    entry.recorder!.drop(recording);
  }
}

/** One run of a computation, part by part. It has to be ended or disposed of before the next one begins. */
export class CapturedRun implements Disposable {
  readonly mode: CaptureMode;
  readonly #recorder: Recorder | undefined;
  readonly #recording: Recording | undefined;
  readonly #keep: ((recording: Recording) => void) | undefined;
  #parts = 0;
  #isOpen = true;

  /** Made by {@linkcode Captures.begin}. */
  constructor(
    mode: CaptureMode,
    recorder?: Recorder,
    recording?: Recording,
    keep?: (recording: Recording) => void,
  ) {
    this.mode = mode;
    this.#recorder = recorder;
    this.#recording = recording;
    this.#keep = keep;
    if (recorder) recorder.isBusy = true;
  }

  /**
   * Computes the next part, or replays it. The parts of a key are always the same ones in the same order.
   *
   * @param given what this run is about
   * @param compute must not use anything that differs from run to run, but for what it asks `given()` for, and must
   * ask for it in functions that are handed down: `hostInput`, and every `Varying` of operations.ts
   * @returns tensors that are the caller's, who disposes of them before the next run begins
   */
  part<Given, Answer extends Outputs>(given: Given, compute: (given: () => Given) => Answer): Answer {
    const part = this.#parts++;
    if (this.mode === "plain") return compute(() => given);
    if (this.mode === "record") return this.#recorder!.record(this.#recording!, given, compute);
    return this.#recorder!.replay(this.#recording!, this.#recording!.parts[part]!, given) as Answer;
  }

  /** All parts were computed: a recording of them is kept. */
  end(): void {
    if (this.#isOpen && this.mode === "record") this.#keep!(this.#recording!);
    this.#close();
  }

  /** Ends a run in whose midst something failed; what was recorded of it is given up. */
  [Symbol.dispose](): void {
    if (this.#isOpen && this.mode === "record") this.#recorder!.drop(this.#recording!);
    this.#close();
  }

  #close(): void {
    if (this.#isOpen && this.#recorder) this.#recorder.isBusy = false;
    this.#isOpen = false;
  }
}

function bytesOf({ buffers }: Recording): number {
  let bytes = 0;
  for (const { size } of buffers) bytes += size;
  return bytes;
}
