/** Declares settings that are deeper than anybody's stack, in a text that is short enough. */
import { PluginPort } from "k-bert/sdk";

export const meta = { class: "starve" };

const DEPTH = 3_000;
const list = '{"type":"list","items":'.repeat(DEPTH) + "1" + "}".repeat(DEPTH);

export class Main extends PluginPort {
  static configuration = { width: JSON.parse(list) as unknown };

  attack(): string {
    return "BREACH: it was loaded";
  }
}
