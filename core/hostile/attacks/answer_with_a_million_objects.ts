/** Answers with what is small to send and takes long to read. */
import { PluginPort } from "k-bert/sdk";

export const meta = { class: "starve", alone: true };

export class Main extends PluginPort {
  #calls = 0;

  attack(): unknown {
    if (this.#calls++ > 0) return Array.from({ length: 2_000_000 }, () => []);
    return Object.fromEntries(Array.from({ length: 1_000_000 }, (_, index) => [`key ${index}`, { index }]));
  }
}
