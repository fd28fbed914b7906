/** Answers with more than a frame may carry, in one piece and in many. */
import { PluginPort } from "k-bert/sdk";

export const meta = { class: "starve", alone: true };

export class Main extends PluginPort {
  #calls = 0;

  attack(): unknown {
    if (this.#calls++ > 0) return Array.from({ length: 512 }, () => new Uint8Array(2 ** 20));
    return new Uint8Array(512 * 2 ** 20);
  }
}
