/** Asks the host for variables that were never granted. */
import { Environment, type EventBus, inject, type PluginConfig, PluginPort } from "k-bert/sdk";
import { RIGHTS } from "./own/rights.ts";

export const meta = { class: "read", alone: true };

export class Main extends PluginPort {
  readonly #environment: Environment;

  constructor(config: PluginConfig, eventBus: EventBus) {
    super(config, eventBus);
    this.#environment = inject(Environment);
  }

  async attack(): Promise<string> {
    const got: string[] = [];
    const beside = RIGHTS.env.flatMap((name) => [`${name}_`, `${name}=`, ` ${name}`, name.slice(0, -1)]);
    const names = ["HOME", "PATH", "home", "HOME\u0000", "", "__proto__", "*", "DENO_DIR", "HOME=", " HOME"];
    for (const name of [...names, ...beside]) {
      if (RIGHTS.env.includes(name)) continue;
      await this.#environment.get(name).then((value) => got.push(`${name}=${value}`), () => {});
    }
    return got.length > 0 ? `BREACH: ${got}` : "BLOCKED";
  }
}
