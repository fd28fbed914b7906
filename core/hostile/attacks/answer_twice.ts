/** Answers one call several times, at once and later, with a promise of its own making. */
import { PluginPort } from "k-bert/sdk";

export const meta = { class: "spoof", alone: true };

export class Main extends PluginPort {
  attack(): unknown {
    return {
      then: (resolve: (value: unknown) => void, reject: (reason: unknown) => void): void => {
        resolve("BLOCKED");
        resolve("BREACH: a second answer");
        reject(new Error("BREACH: an error after the answer"));
        for (let later = 0; later < 20; later++) setTimeout(() => resolve("BREACH: a late answer"), later);
      },
    };
  }
}
