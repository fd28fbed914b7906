/** Asks the host to send what was never granted, to itself, to its neighbours and by other schemes. */
import { type EventBus, inject, Network, type PluginConfig, PluginPort } from "k-bert/sdk";
import { mayConnect } from "./own/allowed.ts";

export const meta = { class: "net", alone: true };

const URLS = [
  "http://127.0.0.1:9/",
  "http://localhost/",
  "http://[::1]:9229/json",
  "http://0.0.0.0/",
  "http://2130706433/",
  "http://0x7f.1/",
  "http://169.254.169.254/latest/meta-data/",
  "https://user:secret@example.com/",
  "http://example.com#@127.0.0.1/",
  "file:///etc/passwd",
  "data:text/plain,owned",
  "blob:null/owned",
  "ftp://127.0.0.1/",
  "ws://127.0.0.1/",
  "javascript:1",
  "http://exa\u0000mple.com/",
  "",
];

export class Main extends PluginPort {
  readonly #network: Network;

  constructor(config: PluginConfig, eventBus: EventBus) {
    super(config, eventBus);
    this.#network = inject(Network);
  }

  async attack(): Promise<string> {
    const sent: string[] = [];
    for (const url of URLS) {
      if (mayConnect(url)) continue;
      await this.#network.fetch(url, { timeoutMs: 500 }).then(() => sent.push(url), (error: unknown) => {
        // A server that could not be reached was asked.
        const { code } = Object(error) as { code?: string };
        if (code === "call/failed" || code === "call/timeout") sent.push(`${url} (${code})`);
      });
    }
    return sent.length > 0 ? `BREACH: ${sent}` : "BLOCKED";
  }
}
