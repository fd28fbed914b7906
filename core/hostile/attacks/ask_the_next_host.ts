/** Has the host connect to what lies next to the hosts that it was granted: other ports, names, schemes, users. */
import { type EventBus, inject, Network, type PluginConfig, PluginPort } from "k-bert/sdk";
import { mayConnect } from "./own/allowed.ts";
import { RIGHTS } from "./own/rights.ts";

export const meta = { class: "net", alone: true };

function neighboursOf(grant: string): string[] {
  const [, host = "", port = "80"] = /^(.*?)(?::(\d+))?$/.exec(grant) ?? [];
  const next = Number(port) % 65_535 + 1;
  return [
    ...[`http://${host}:${next}/`, `http://${host}:9/`, `https://${host}:8443/`, `http://${host}.:${port}/`],
    ...[
      `http://evil.${host}:${port}/`,
      `http://${host}.evil.example:${port}/`,
      `http://evil${host}:${port}/`,
    ],
    ...[
      `http://${host}:${port}@127.0.0.1:9/`,
      `http://127.0.0.1:9\\@${host}:${port}/`,
      `ftp://${host}:${port}/`,
    ],
    ...[
      `ws://${host}:${port}/`,
      `http://user:${port}@${host}:${port}/`,
      `http://127.0.0.1:9#@${host}:${port}/`,
    ],
    ...[`http://127.0.0.1:9/?${host}:${port}`, `//${host}:${port}/`, `http://[::1]:${port}/`],
  ];
}

export class Main extends PluginPort {
  readonly #network: Network;

  constructor(config: PluginConfig, eventBus: EventBus) {
    super(config, eventBus);
    this.#network = inject(Network);
  }

  async attack(): Promise<string> {
    const sent: string[] = [];
    for (const url of [...RIGHTS.net, "127.0.0.1:9"].flatMap(neighboursOf)) {
      if (mayConnect(url)) continue;
      await this.#network.fetch(url, { timeoutMs: 500 }).then(() => sent.push(url), (error: unknown) => {
        const { code } = Object(error) as { code?: string };
        if (code === "call/failed" || code === "call/timeout") sent.push(`${url} (${code})`);
      });
    }
    return sent.length > 0 ? `BREACH: ${sent}` : "BLOCKED";
  }
}
