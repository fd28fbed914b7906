/** Has methods whose names mean something elsewhere, and getters that throw when somebody looks. */
import { PluginPort } from "k-bert/sdk";

export const meta = { class: "spoof" };

const called: string[] = [];

export class Main extends PluginPort {
  attack(): string {
    const own = called.filter((name) => name !== "then");
    return own.length > 0 ? `BREACH: ${own} was called` : "BLOCKED";
  }

  then(resolve: (value: unknown) => void): void {
    called.push("then");
    resolve("BREACH: it was awaited");
  }

  ["__proto__"](): void {
    called.push("__proto__");
  }

  ["$load"](): void {
    called.push("$load");
  }

  ["$activate"](): void {
    called.push("$activate");
  }

  toJSON(): string {
    called.push("toJSON");
    return "BREACH";
  }

  [Symbol.toPrimitive](): string {
    called.push("toPrimitive");
    return "BREACH";
  }

  get streams(): never {
    throw new Error("BREACH: a getter was read");
  }

  get methods(): never {
    throw new Error("BREACH: a getter was read");
  }
}
