/** Throws before each call, and by getters where it is asked whether it wants to. */
import { type EventBus, type PluginConfig, PluginPort } from "k-bert/sdk";

export const meta = { class: "spoof" };

export class Main extends PluginPort {
  constructor(config: PluginConfig, eventBus: EventBus) {
    super(config, eventBus);
    let reads = 0;
    Object.defineProperty(this, "preExecution", {
      get: () => {
        if (reads++ > 0) throw new Error("\u001b[31mthrown by a getter");
        return () => {
          throw new Error("\u001b[31mthrown before the call");
        };
      },
    });
  }

  attack(): string {
    return "BREACH: it was called";
  }
}
