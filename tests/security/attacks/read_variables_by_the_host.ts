/** Asks the host for variables that were never granted. */
import { Environment, type EventBus, inject, type PluginConfig, PluginPort } from "k-bert/sdk";

export const meta = { class: "read", alone: true };

export class Main extends PluginPort {
  readonly #environment: Environment;

  constructor(config: PluginConfig, eventBus: EventBus) {
    super(config, eventBus);
    this.#environment = inject(Environment);
  }

  async attack(): Promise<string> {
    const got: string[] = [];
    for (
      const name of ["HOME", "PATH", "home", "HOME\u0000", "", "__proto__", "*", "DENO_DIR", "HOME=", " HOME"]
    ) {
      await this.#environment.get(name).then((value) => got.push(`${name}=${value}`), () => {});
    }
    return got.length > 0 ? `BREACH: ${got}` : "BLOCKED";
  }
}
