/** Answers with a hundred thousand buffers of one byte. */
import { PluginPort } from "k-bert/sdk";

export const meta = { class: "starve", alone: true };

export class Main extends PluginPort {
  attack(): unknown {
    return Array.from({ length: 100_000 }, () => new Uint8Array(1));
  }
}
