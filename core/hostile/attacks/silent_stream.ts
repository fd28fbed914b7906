/** Answers a stream whose first item never comes, and that does not hear that it was given up. */
import { PluginPort } from "k-bert/sdk";

export const meta = { class: "hang" };

export class Main extends PluginPort {
  async *attack(): AsyncGenerator<unknown> {
    await new Promise(() => {});
    yield "BREACH: an item came";
  }
}
