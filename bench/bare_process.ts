/**
 * The host's end of `workers/bare_process.ts`.
 *
 * @module
 */

/** Owns the process. */
export class BareProcess implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>;

  /** @param collect bytes that it waits for before it answers; without, it answers piece by piece */
  constructor(collect = 0) {
    this.#child = new Deno.Command("deno", {
      args: [
        ...["run", "--no-prompt", "--no-config", "--no-lock", "--cached-only"],
        ...[new URL("./workers/bare_process.ts", import.meta.url).pathname, String(collect)],
      ],
      clearEnv: true,
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    this.#writer = this.#child.stdin.getWriter();
    this.#reader = this.#child.stdout.getReader();
  }

  /** Writes bytes and reads as many into `answer`. */
  async ask(
    bytes: Uint8Array<ArrayBuffer>,
    answer: Uint8Array = new Uint8Array(bytes.length),
  ): Promise<Uint8Array> {
    const written = this.#writer.write(bytes);
    for (let at = 0; at < answer.length;) {
      const { value } = await this.#reader.read();
      if (value === undefined) throw new Error("The bare process has ended");
      answer.set(value, at);
      at += value.length;
    }
    await written;
    return answer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.status;
    await this.#writer.abort().catch(() => {});
    await this.#reader.cancel().catch(() => {});
  }
}
