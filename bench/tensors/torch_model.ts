/**
 * The model of the steps in PyTorch, in a process of its own that takes a step whenever it is sent a line.
 *
 * Nothing of this project needs PyTorch: where no Python on this machine has it, there is no such model, and
 * the row says so.
 *
 * @module
 */
import type { BertConfig } from "../../core/bert/config.ts";
import { KBertError } from "../../core/wall/errors.ts";
import { ADAM_W, type InitialWeights, type StepData } from "./step_data.ts";

const SCRIPT = new URL("./torch_step.py", import.meta.url).pathname;
/** A Python that was installed by hand may stand before the system's, which has the system's packages. */
const PYTHONS = ["python3", "/usr/bin/python3"];
/** Below runs/, where benches may write. */
const SCRATCH = "runs/.bench";

/** What a step took, by Python's own clock. */
export interface TorchStep {
  readonly loss: number;
  readonly ms: number;
}

/**
 * A Python that has PyTorch, undefined if none has.
 *
 * @throws {KBertError} `usage/invalid` without the right to start them
 */
export async function findTorch(): Promise<{ readonly python: string } | undefined> {
  for (const python of PYTHONS) {
    if (Deno.permissions.querySync({ name: "run", command: python }).state !== "granted") {
      const message = `The steps of PyTorch need ${python}; run it with --allow-run=deno,${PYTHONS.join()}`;
      throw new KBertError("usage/invalid", message, { argument: "--allow-run" });
    }
    const importing = new Deno.Command(python, {
      args: ["-c", "import torch"],
      stdout: "null",
      stderr: "null",
    });
    const found = await importing.output().then(({ success }) => success, () => false);
    if (found) return { python };
  }
  return undefined;
}

/** A running model. Disposing of it ends the process. */
export class TorchModel implements AsyncDisposable {
  /** PyTorch's version. */
  readonly version: string;
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #output: Lines;

  private constructor(child: Deno.ChildProcess, output: Lines, version: string) {
    this.#child = child;
    this.#input = child.stdin.getWriter();
    this.#output = output;
    this.version = version;
  }

  /**
   * Starts it with its own copy of the weights.
   *
   * @param threads of every operation; those of OpenBLAS are not PyTorch's, and are told by the environment
   */
  static async start(
    python: string,
    threads: number,
    config: BertConfig,
    weights: InitialWeights,
    data: StepData,
  ): Promise<TorchModel> {
    await Deno.mkdir(SCRATCH, { recursive: true });
    const file = await Deno.makeTempFile({ dir: SCRATCH });
    try {
      await Deno.writeFile(file, encode(config, weights, data));
      const count = String(threads);
      const child = new Deno.Command(python, {
        args: [SCRIPT, file, count],
        env: { OMP_NUM_THREADS: count, OPENBLAS_NUM_THREADS: count },
        stdin: "piped",
        stdout: "piped",
      }).spawn();
      const output = new Lines(child.stdout);
      const { torch } = JSON.parse(await output.next()) as { torch: string }; // it has read the file
      return new TorchModel(child, output, torch);
    } finally {
      await Deno.remove(file);
    }
  }

  /** One training step; the loss is the one before it. */
  async step(): Promise<TorchStep> {
    await this.#input.write(new TextEncoder().encode("step\n"));
    return JSON.parse(await this.#output.next()) as TorchStep;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#input.close().catch(() => {}); // the end of its input ends it
    await this.#output.cancel();
    await this.#child.status;
  }
}

/** What the script reads; see there. */
function encode(config: BertConfig, weights: InitialWeights, data: StepData): Uint8Array<ArrayBuffer> {
  let start = 0;
  const places = [...weights].map(([name, { shape, data }]) => {
    const place = [name, shape, start] as const;
    start += data.length;
    return place;
  });
  const { batch, length, ids, labels } = data;
  const header = {
    ...{ config, batch, length, ids: [...ids], labels: [...labels] },
    ...{ weights: places, adamW: ADAM_W },
  };
  const text = new TextEncoder().encode(`${JSON.stringify(header)}\n`);
  const bytes = new Uint8Array(text.length + 4 * start);
  bytes.set(text);
  let at = text.length;
  for (const { data } of weights.values()) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return bytes;
}

/** The lines of a stream, one at a time. */
class Lines {
  readonly #reader: ReadableStreamDefaultReader<string>;
  #rest = "";

  constructor(stream: ReadableStream<Uint8Array<ArrayBuffer>>) {
    this.#reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  }

  async next(): Promise<string> {
    for (;;) {
      const end = this.#rest.indexOf("\n");
      if (end >= 0) {
        const line = this.#rest.slice(0, end);
        this.#rest = this.#rest.slice(end + 1);
        return line;
      }
      const { value, done } = await this.#reader.read();
      if (done) throw new Error("PyTorch has ended; what it said stands above");
      this.#rest += value;
    }
  }

  async cancel(): Promise<void> {
    await this.#reader.cancel();
  }
}
