/** Answers a stream of items of which each is as large as one may be, without waiting to be asked. */
import { PluginPort } from "k-bert/sdk";

export const meta = { class: "starve", alone: true };

export class Main extends PluginPort {
  async *attack(): AsyncGenerator<unknown> {
    for (let item = 0; item < 100; item++) yield new Uint8Array(8 * 2 ** 20).fill(item);
  }
}
