/** Never finishes to deactivate, nor to release what it has. */
import { PluginPort } from "k-bert/sdk";

export const meta = { class: "hang" };

export class Main extends PluginPort {
  attack(): string {
    return "BLOCKED";
  }

  override deactivate(): Promise<void> {
    return new Promise(() => {});
  }

  override releaseResources(): Promise<void> {
    return new Promise(() => {});
  }

  override preUnload(): Promise<void> {
    return new Promise(() => {});
  }
}
