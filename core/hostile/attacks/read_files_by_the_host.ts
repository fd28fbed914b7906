/** Asks the host to read and write what was never granted, by every spelling of a path. */
import { type EventBus, Files, inject, type PluginConfig, PluginPort } from "k-bert/sdk";
import { mayTouch } from "./own/allowed.ts";

export const meta = { class: "read", alone: true };

const PATHS = [
  "/etc/passwd",
  "/FIXTURES/passwdlike",
  "/FIXTURES/cred.json",
  "file:///etc/passwd",
  "../fixtures/secret.txt",
  "./../../../../../../../../etc/passwd",
  "/proc/self/environ",
  "/dev/stdin",
  "/etc/./passwd",
  "//etc//passwd",
  "/etc/passwd\u0000.txt",
  "",
  ".",
  "~",
  "deno.json",
  "plugin.yaml",
  "C:\\Windows\\win.ini",
  "\\\\localhost\\c$",
];

export class Main extends PluginPort {
  readonly #files: Files;

  constructor(config: PluginConfig, eventBus: EventBus) {
    super(config, eventBus);
    this.#files = inject(Files);
  }

  async attack(): Promise<string> {
    const done: string[] = [];
    for (const path of PATHS) {
      const note = (what: string) => (): void => void done.push(`${what} ${path}`);
      if (!mayTouch("read", path)) {
        await this.#files.readText(path).then(note("read"), () => {});
        await this.#files.readBytes(path).then(note("read"), () => {});
        await this.#files.list(path).then(note("listed"), () => {});
      }
      if (!mayTouch("write", path)) await this.#files.write(path, "owned").then(note("wrote"), () => {});
    }
    await this.#files.readText({ toString: () => "/etc/passwd" } as unknown as string).then(
      () => done.push("an object"),
      () => {},
    );
    return done.length > 0 ? `BREACH: ${done}` : "BLOCKED";
  }
}
