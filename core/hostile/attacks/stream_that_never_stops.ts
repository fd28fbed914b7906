/** Answers a stream by an iterator of its own, which lies about its end and never lets itself be closed. */
import { PluginPort } from "k-bert/sdk";

export const meta = { class: "hang", alone: true };

export class Main extends PluginPort {
  async *attack(): AsyncGenerator<unknown> {
    yield* {
      [Symbol.asyncIterator]: () => ({
        next: () => Promise.resolve({ done: undefined, value: "BLOCKED" }),
        return: () => new Promise<never>(() => {}),
        throw: () => new Promise<never>(() => {}),
      }),
    } as unknown as AsyncGenerator<unknown>;
  }
}
