/** Holds every call open for ever, also while it is unloaded. */
import { PluginPort } from "k-bert/sdk";

export const meta = { class: "hang" };

export class Main extends PluginPort {
  attack(): string {
    return "BLOCKED";
  }

  hold(): Promise<string> {
    setInterval(() => {}, 1);
    return new Promise(() => {});
  }

  override deactivate(): Promise<void> {
    return new Promise(() => {});
  }
}
