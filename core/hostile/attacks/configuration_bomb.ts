/** Declares settings that become 20 MB when somebody writes them down. */
import { PluginPort } from "k-bert/sdk";

export const meta = { class: "starve" };

export class Main extends PluginPort {
  static configuration = { width: { toJSON: (): unknown => ({ type: "x".repeat(20_000_000) }) } };

  attack(): string {
    return "BREACH: it was loaded";
  }
}
