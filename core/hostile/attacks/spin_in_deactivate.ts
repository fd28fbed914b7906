/** Behaves until it is to end, and then never does; bounded at 15 seconds. */
import { PluginPort } from "k-bert/sdk";

export const meta = { class: "hang", alone: true };

export class Main extends PluginPort {
  attack(): string {
    return "BLOCKED";
  }

  override deactivate(): void {
    const start = Date.now();
    while (Date.now() - start < 15_000);
  }
}
