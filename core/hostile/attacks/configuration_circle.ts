/** Declares settings that lead back to themselves. */
import { PluginPort } from "k-bert/sdk";

export const meta = { class: "starve" };

const circle: Record<string, unknown> = { type: "object" };
circle["properties"] = { circle };

export class Main extends PluginPort {
  static configuration = circle;

  attack(): string {
    return "BREACH: it was loaded";
  }
}
