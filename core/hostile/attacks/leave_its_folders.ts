/** Reads and writes beside the folders that it was granted, and writes where it may only read. */
import { type EventBus, Files, inject, type PluginConfig, PluginPort } from "k-bert/sdk";
import { mayTouch } from "./own/allowed.ts";
import { RIGHTS } from "./own/rights.ts";

export const meta = { class: "write", alone: true };

function wayOutOf(root: string): string[] {
  const parent = root.replace(/\/[^/]*$/, "");
  return [
    ...[
      `${root}/../../fixtures/secret.txt`,
      `${root}/./../../fixtures/secret.txt`,
      `${root}//..//secret.txt`,
    ],
    ...[
      `${root}x/owned.txt`,
      `${root}.txt`,
      `${parent}/owned.txt`,
      parent,
      `${root}/..`,
      `${root}\\..\\owned.txt`,
    ],
    ...[
      `${root}/%2e%2e/owned.txt`,
      `file://${root}/../owned.txt`,
      `${root}/\u2025/owned.txt`,
      `${root}/.k-bert/x`,
    ],
  ];
}

export class Main extends PluginPort {
  readonly #files: Files;

  constructor(config: PluginConfig, eventBus: EventBus) {
    super(config, eventBus);
    this.#files = inject(Files);
  }

  async attack(): Promise<string> {
    const done: string[] = [];
    const roots = [...RIGHTS.read, ...RIGHTS.write, "/FIXTURES"];
    for (const path of [...roots.map((root) => `${root}/owned.txt`), ...roots.flatMap(wayOutOf)]) {
      if (!mayTouch("write", path)) {
        await this.#files.write(path, "owned").then(() => done.push(`wrote ${path}`), () => {});
      }
      if (mayTouch("read", path)) continue;
      await this.#files.readText(path).then(() => done.push(`read ${path}`), () => {});
      await this.#files.list(path).then(() => done.push(`listed ${path}`), () => {});
    }
    return done.length > 0 ? `BREACH: ${done}` : "BLOCKED";
  }
}
