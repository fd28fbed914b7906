/** Throws in a phase, and once more where what it has is released. */
import { PluginPort } from "k-bert/sdk";

export const meta = { class: "spoof" };

export class Main extends PluginPort {
  attack(): string {
    return "BREACH: it was activated";
  }

  override activate(): void {
    throw new Error("\u001b[31mthrown in activate");
  }

  override releaseResources(): Promise<void> {
    throw new Error("BREACH: the second error hides the first");
  }
}
