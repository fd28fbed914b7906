/** Has methods whose names and lengths are not what a name and a length are. */
import { PluginPort } from "k-bert/sdk";

export const meta = { class: "spoof" };

export class Main extends PluginPort {
  attack(): string {
    return "BREACH: it was loaded";
  }

  ["\u001b[2J"](): void {}

  ["x".repeat(100_000)](): void {}
}

Object.defineProperty(Main.prototype.attack, "length", { value: { valueOf: () => NaN } });
