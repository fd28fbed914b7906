/** Calls services that it may not have, and of the one that it may, what is no method of it. */
import { type EventBus, inject, type PluginConfig, PluginPort, service } from "k-bert/sdk";
import { RIGHTS } from "./own/rights.ts";

export const meta = { class: "escalate" };

type Anything = Record<string, (...args: unknown[]) => Promise<unknown>>;

export class Main extends PluginPort {
  readonly #services = new Map<string, Anything>();
  readonly #made: string[] = [];

  constructor(config: PluginConfig, eventBus: EventBus) {
    super(config, eventBus);
    const others = ["vault", "secrets", "PluginManager", "__proto__", "constructor"];
    for (const name of new Set([...RIGHTS.services, ...others])) {
      try {
        this.#services.set(name, inject(service<Anything>(name)) as unknown as Anything);
        if (!RIGHTS.services.includes(name)) this.#made.push(name);
      } catch {
        // plugin.yaml does not ask for it
      }
    }
  }

  async attack(): Promise<string> {
    const answered = [...this.#made];
    for (const name of RIGHTS.services) {
      if (RIGHTS.offered.includes(name)) answered.push(...await misuse(this.#services.get(name)!));
      else answered.push(...await use(name, this.#services.get(name)!));
    }
    return answered.length > 0 ? `BREACH: ${answered}` : "BLOCKED";
  }
}

/** Of a service that it has: all that is no method of it, and all that are no arguments. */
async function misuse(granted: Anything): Promise<string[]> {
  const answered: string[] = [];
  if (await granted["lookup"]!("ham") !== undefined) answered.push("lookup has no answer");
  const methods = [
    ...["constructor", "__proto__", "toString", "hasOwnProperty", "valueOf", "run", "args", "look up", ""],
    ...["x".repeat(1_000), "\u001b[2J", "lookup\u0000", "__defineGetter__", "0", "length"],
  ];
  for (const method of methods) {
    await granted[method]!("ham").then(() => answered.push(method), () => {});
  }
  for (const args of [[], [5], ["a", "b"], [["a"]], [{ length: 1, 0: "a" }]]) {
    await granted["lookup"]!(...args).then(() => answered.push(`lookup ${args}`), () => {});
  }
  const flood = Array.from({ length: 200 }, () => granted["lookup"]!("x".repeat(1_000)));
  await Promise.allSettled(flood);
  return answered;
}

/** Of a service that it asks for and is not offered: everything. */
async function use(name: string, refused: Anything): Promise<string[]> {
  const answered: string[] = [];
  for (const method of ["open", "lookup", "constructor"]) {
    await refused[method]!("ham").then(() => answered.push(`${name}.${method}`), () => {});
  }
  return answered;
}
