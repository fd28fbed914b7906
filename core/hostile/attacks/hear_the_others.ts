/** Listens for what is said to the host and to others, with patterns that stand for everything. */
import { mayHear } from "./own/allowed.ts";

interface Plugin {
  readonly eventBus: {
    on(pattern: string, listener: (payload: unknown) => void, options?: { history?: number }): unknown;
  };
}

export const meta = { class: "covert" };

export async function attack({ eventBus }: Plugin): Promise<string> {
  const heard: string[] = [];
  const patterns = [
    ">",
    "*",
    "*.*",
    "secret.>",
    "secret.plans",
    "plugin.*",
    "log.*",
    "news.>",
    "news.*.*",
    "__proto__",
  ];
  for (const pattern of patterns) {
    try {
      if (!mayHear(pattern)) eventBus.on(pattern, () => heard.push(pattern), { history: 1_000 });
    } catch {
      // refused
    }
  }
  await new Promise((resolve) => setTimeout(resolve, 50));
  return heard.length > 0 ? `BREACH: heard ${heard}` : "BLOCKED";
}
