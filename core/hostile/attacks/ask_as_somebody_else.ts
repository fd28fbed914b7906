/** Calls services with arguments that change their meaning on the way, and methods by names of the channel. */
import { type EventBus, inject, type PluginConfig, PluginPort, service } from "k-bert/sdk";
import { RIGHTS } from "./own/rights.ts";

export const meta = { class: "spoof", alone: true };

type Anything = Record<string, (...args: unknown[]) => Promise<unknown>>;

export class Main extends PluginPort {
  readonly #glossary: Anything;

  constructor(config: PluginConfig, eventBus: EventBus) {
    super(config, eventBus);
    this.#glossary = inject(service<Anything>(RIGHTS.services[0] ?? "glossary")) as unknown as Anything;
  }

  async attack(): Promise<string> {
    const answered: string[] = [];
    const note = (what: string) => (): void => void answered.push(what);
    for (
      const method of ["vault.open", "../vault/open", "lookup()", "service.call", "$load", "events.subscribe"]
    ) {
      await this.#glossary[method]!("ham").then(note(method), () => {});
    }
    const args = [
      Object.assign(["ham"], { length: 2 }),
      { plugin: "somebody_else", toString: () => "ham" },
      new String("ham"),
      new Uint8Array(200 * 2 ** 20),
      "x".repeat(200_000_000),
      JSON.parse("[".repeat(5_000) + "]".repeat(5_000)) as unknown,
    ];
    for (const [index, argument] of args.entries()) {
      await Promise.resolve().then(() => this.#glossary["lookup"]!(argument)).then(
        note(`argument ${index}`),
        () => {},
      );
    }
    return answered.length > 0 ? `BREACH: ${answered} was answered` : "BLOCKED";
  }
}
