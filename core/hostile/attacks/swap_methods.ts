/** Replaces its own methods and those of the SDK after it was loaded, to be handed what the worker holds. */
import { EventBus, Logger, MetricsCollector, PluginPort } from "k-bert/sdk";
import { RIGHTS } from "./own/rights.ts";

const TOPIC = RIGHTS.emits[0] ?? "declared";

export const meta = { class: "spoof" };

let taken: string[] = [];

/** What has a port, a channel or a frame in it. */
function look(name: string, values: unknown[]): void {
  for (const value of values) {
    if (typeof value !== "object" || value === null) continue;
    for (const key of ["postMessage", "call", "buffers", "onframe", "send", "head"]) {
      if (key in value) taken.push(`${name} was handed something with ${key}`);
    }
  }
}

function replaceAll(holder: object): void {
  for (const name of Reflect.ownKeys(holder)) {
    const { value } = Reflect.getOwnPropertyDescriptor(holder, name)!;
    if (typeof value !== "function" || name === "constructor") continue;
    try {
      Reflect.set(holder, name, function (this: unknown, ...args: unknown[]): unknown {
        look(String(name), [this, ...args].filter((one) => !(one instanceof PluginPort)));
        return Reflect.apply(value, this, args);
      });
    } catch {
      // frozen
    }
  }
}

export class Main extends PluginPort {
  async attack(): Promise<string> {
    for (const one of [EventBus, Logger, MetricsCollector, PluginPort]) {
      replaceAll(one.prototype);
      replaceAll(Object.getPrototypeOf(one.prototype));
      replaceAll(one);
    }
    Main.prototype.attack = () => Promise.resolve("BREACH: the new method was called");
    this.attack = Main.prototype.attack;
    Object.defineProperty(this, "deactivate", {
      value: () => new Promise(() => {}),
      configurable: true,
    });
    this.eventBus.on("news.*" as "log.info", () => {});
    await this.eventBus.emit(TOPIC as "log.info", { message: "x", fields: {} }).catch(() => {});
    this.logger.info("still here");
    await new Promise((resolve) => setTimeout(resolve, 5));
    const found = taken;
    taken = [];
    return found.length > 0 ? `BREACH: ${found}` : "BLOCKED";
  }
}
