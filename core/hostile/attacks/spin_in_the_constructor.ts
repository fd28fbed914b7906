/** Never finishes to be made; bounded at 15 seconds. */
import { type EventBus, type PluginConfig, PluginPort } from "k-bert/sdk";

export const meta = { class: "hang", alone: true };

export class Main extends PluginPort {
  constructor(config: PluginConfig, eventBus: EventBus) {
    super(config, eventBus);
    const start = Date.now();
    while (Date.now() - start < 15_000);
  }

  attack(): string {
    return "BREACH: it was made";
  }
}
