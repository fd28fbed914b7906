/** Changes what its own side knows about it: its name, its rights, its settings and its SDK. */
import { PluginError, PluginPort } from "k-bert/sdk";
import { RIGHTS } from "./own/rights.ts";

const TOPIC = RIGHTS.emits[0] ?? "declared";

export const meta = { class: "escalate", alone: true };

export class Main extends PluginPort {
  async attack(): Promise<string> {
    const changes: Record<string, unknown> = {
      name: "host",
      permissions: { read: ["/"], net: ["*"] },
      version: "9",
    };
    for (const holder of [this, this.config, Object.getPrototypeOf(this.config), PluginPort, PluginError]) {
      for (const [key, value] of Object.entries(changes)) {
        try {
          Object.defineProperty(holder, key, { value, configurable: true });
        } catch {
          // frozen
        }
      }
    }
    await this.eventBus.emit(TOPIC as "log.info", { message: "who am I", fields: {} });
    this.logger.info("who am I");
    const sent = await this.eventBus.emit("plugin.crashed", { plugin_name: "neighbour", error: "x" }).then(
      () => "sent", // and refused over there: the watch of the host says if not
      () => "refused",
    );
    return `BLOCKED: ${sent}`;
  }
}
