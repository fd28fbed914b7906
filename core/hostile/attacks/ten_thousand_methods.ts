/** Has more methods than anybody can keep. */
import { PluginPort } from "k-bert/sdk";

export const meta = { class: "starve" };

export class Main extends PluginPort {
  attack(): string {
    return "BREACH: it was loaded";
  }
}

for (let number = 0; number < 10_000; number++) {
  Object.defineProperty(Main.prototype, `method_${number}`, { value: () => number });
}
