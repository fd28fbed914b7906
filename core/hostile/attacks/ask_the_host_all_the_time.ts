/** Asks the host for more than it answers at once, and for the same again and again. */
import { type EventBus, inject, type PluginConfig, PluginPort, type Remote, service } from "k-bert/sdk";
import { RIGHTS } from "./own/rights.ts";

export const meta = { class: "starve", alone: true };

interface Glossary {
  lookup(word: string): Promise<void>;
}

export class Main extends PluginPort {
  readonly #glossary: Remote<Glossary>;

  constructor(config: PluginConfig, eventBus: EventBus) {
    super(config, eventBus);
    this.#glossary = inject(service<Glossary>(RIGHTS.services[0] ?? "glossary"));
  }

  async attack(): Promise<string> {
    for (let round = 0; round < 10; round++) {
      const calls = Array.from({ length: 2_000 }, () => this.#glossary.lookup("x".repeat(5_000)));
      const results = await Promise.allSettled(calls);
      if (results.every(({ status }) => status === "fulfilled") && round > 100) return "BREACH: without end";
    }
    return "BLOCKED";
  }
}
