/** Calls services that it may not have, and of the one that it may, what is no method of it. */
import { type EventBus, inject, type PluginConfig, PluginPort, service } from "k-bert/sdk";

export const meta = { class: "escalate" };

type Anything = Record<string, (...args: unknown[]) => Promise<unknown>>;

export class Main extends PluginPort {
  readonly #services = new Map<string, Anything>();
  readonly #made: string[] = [];

  constructor(config: PluginConfig, eventBus: EventBus) {
    super(config, eventBus);
    for (const name of ["glossary", "vault", "secrets", "PluginManager", "__proto__", "constructor"]) {
      try {
        this.#services.set(name, inject(service<Anything>(name)) as unknown as Anything);
        if (name !== "glossary" && name !== "vault") this.#made.push(name);
      } catch {
        // plugin.yaml does not ask for it
      }
    }
  }

  async attack(): Promise<string> {
    const answered = [...this.#made];
    const glossary = this.#services.get("glossary")!;
    if (await glossary["lookup"]!("ham") !== undefined) answered.push("lookup has no answer");
    const methods = [
      ...["constructor", "__proto__", "toString", "hasOwnProperty", "valueOf", "run", "args", "look up", ""],
      ...["x".repeat(1_000), "\u001b[2J", "lookup\u0000", "__defineGetter__", "0", "length"],
    ];
    for (const method of methods) {
      await glossary[method]!("ham").then(() => answered.push(method), () => {});
    }
    for (const args of [[], [5], ["a", "b"], [["a"]], [{ length: 1, 0: "a" }]]) {
      await glossary["lookup"]!(...args).then(() => answered.push(`lookup ${args}`), () => {});
    }
    const vault = this.#services.get("vault")!;
    for (const name of ["open", "lookup", "constructor"]) {
      await vault[name]!("ham").then(() => answered.push(`vault.${name}`), () => {});
    }
    const flood = Array.from({ length: 200 }, () => glossary["lookup"]!("x".repeat(1_000)));
    await Promise.allSettled(flood);
    return answered.length > 0 ? `BREACH: ${answered}` : "BLOCKED";
  }
}
