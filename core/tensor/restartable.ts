/**
 * A backend that can be started again after its device failed, while whoever was handed it keeps it.
 *
 * Every tensor of the old device is worthless then, and its owners have to have disposed of theirs. A device
 * that fails once may have been reset by its driver, so the same backend is tried first; one that fails again
 * is given up for the next best, but only if the user left the choice to us: what was asked for by name is
 * never another one.
 *
 * @module
 */
import { KBertError, messageOf } from "../wall/errors.ts";
import { type Backend, type BackendName, startBackend } from "./backend.ts";

/** From the best to the one that is always there; what a choice of ours falls back along. */
const FALLBACKS: readonly BackendName[] = ["webgpu", "wasm", "cpu"];

/** Starts a backend; {@linkcode startBackend} is one. */
export type StartBackend = (wanted: BackendName | "auto") => Promise<Backend>;

/** See the module's text. Disposing of it frees the device that it has now. */
export class RestartableBackend implements Backend {
  readonly #wanted: BackendName | "auto";
  readonly #start: StartBackend;
  #now: Backend;
  /** Whether there is a device: it is gone when a restart failed, and after disposal. */
  #runs = true;
  #restarts = 0;

  private constructor(now: Backend, wanted: BackendName | "auto", start: StartBackend) {
    this.#now = now;
    this.#wanted = wanted;
    this.#start = start;
  }

  /**
   * Starts it for the first time.
   *
   * @param wanted as in {@linkcode startBackend}
   * @param start starts each of its devices; a test hands in another one
   * @throws {KBertError} `backend/unavailable`
   *
   * @example
   * ```ts
   * import { RestartableBackend } from "./restartable.ts";
   * import { assertEquals } from "../deps/assert.ts";
   *
   * using backend = await RestartableBackend.start("cpu");
   *
   * await backend.restart();
   *
   * assertEquals([backend.name, backend.reason], ["cpu", "it was started again after its device failed"]);
   * ```
   */
  static async start(
    wanted: BackendName | "auto",
    start: StartBackend = startBackend,
  ): Promise<RestartableBackend> {
    return new RestartableBackend(await start(wanted), wanted, start);
  }

  get name(): BackendName {
    return this.#now.name;
  }

  get adapter(): string | null {
    return this.#now.adapter;
  }

  get reason(): string {
    return this.#restarts === 0 ? this.#now.reason : "it was started again after its device failed";
  }

  check(): void {
    if (this.#runs) return this.#now.check();
    const reason = "it could not be started again after its device failed";
    throw new KBertError("device/failed", `The ${this.name} backend does not run: ${reason}`, {
      ...{ backend: this.name, reason },
    });
  }

  /**
   * What the device reported, if it did. A device that is lost says so a turn later than the first operation
   * that fails on it, so that turn is waited for.
   */
  async failure(): Promise<KBertError | undefined> {
    await new Promise((resolve) => setTimeout(resolve, 0));
    try {
      this.check();
    } catch (error) {
      if (error instanceof KBertError) return error;
      throw error;
    }
    return undefined;
  }

  /**
   * Frees the device and starts another one: the same backend the first time, the next best after that.
   *
   * @throws {KBertError} `backend/unavailable` if none of those that may be tried starts; it is of no use then
   */
  async restart(): Promise<void> {
    const isFirst = this.#restarts++ === 0;
    this[Symbol.dispose]();
    const problems: string[] = [];
    for (const name of this.#candidates(isFirst)) {
      try {
        this.#now = await this.#start(name);
        this.#runs = true;
        return;
      } catch (error) {
        problems.push(messageOf(error));
      }
    }
    const reason = problems.join("; ");
    const message = `No backend starts after the device failed: ${reason}`;
    throw new KBertError("backend/unavailable", message, { backend: this.name, reason });
  }

  [Symbol.dispose](): void {
    if (this.#runs) this.#now[Symbol.dispose]();
    this.#runs = false;
  }

  #candidates(isFirst: boolean): readonly BackendName[] {
    if (this.#wanted !== "auto") return [this.#wanted];
    const worse = FALLBACKS.slice(FALLBACKS.indexOf(this.name) + 1);
    return isFirst || worse.length === 0 ? [this.name, ...worse] : worse;
  }
}
