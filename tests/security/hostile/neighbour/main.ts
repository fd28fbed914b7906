/** Stands for all other plugins of an attacked host: it answers as long as the host is well. */
import { PluginPort } from "k-bert/sdk";

export class Main extends PluginPort {
  echo(text: string): string {
    return text;
  }
}
