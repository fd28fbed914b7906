/** Declares settings that are none, and whose keys set prototypes. */
import { PluginPort } from "k-bert/sdk";

export const meta = { class: "spoof" };

export class Main extends PluginPort {
  static configuration = {
    toJSON: (): unknown =>
      JSON.parse(
        `{"__proto__":{"polluted":true},"constructor":null,"toString":5,"\\u001b[2J":[{"type":"\\u202e"}]}`,
      ),
  };

  attack(): string {
    return "BREACH: it was loaded";
  }
}
