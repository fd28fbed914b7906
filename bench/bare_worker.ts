/**
 * What plugins are measured against: a Worker without permissions, and raw messages.
 *
 * @module
 */

/** Starts one of the workers in `workers/`. */
export function startWorker(name: "echo" | "ticks" | "comlink"): Worker {
  return new Worker(new URL(`./workers/${name}.ts`, import.meta.url), {
    type: "module",
    deno: { permissions: "none" },
  });
}

/** A worker that answers each message with one; whoever made it disposes of it. */
export class BareWorker implements Disposable {
  readonly #worker = startWorker("echo");
  #resolve: (answer: unknown) => void = () => {};

  constructor() {
    this.#worker.onmessage = ({ data }) => this.#resolve(data);
  }

  /** One at a time. */
  ask<Message>(message: Message, transfer: Transferable[] = []): Promise<Message> {
    return new Promise((resolve) => {
      this.#resolve = resolve as (answer: unknown) => void;
      if (transfer.length > 0) this.#worker.postMessage(message, transfer);
      else this.#worker.postMessage(message);
    });
  }

  [Symbol.dispose](): void {
    this.#worker.terminate();
  }
}
