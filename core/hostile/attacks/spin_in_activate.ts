/** Never finishes to be activated; bounded at 15 seconds. */
import { PluginPort } from "k-bert/sdk";

export const meta = { class: "hang", alone: true };

export class Main extends PluginPort {
  override activate(): void {
    const start = Date.now();
    while (Date.now() - start < 15_000);
  }

  attack(): string {
    return "BREACH: it was activated";
  }
}
