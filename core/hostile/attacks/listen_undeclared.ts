/** Listens to what its manifest does not declare, by every name that may stand for it. */
import { mayHear } from "./own/allowed.ts";
import { RIGHTS } from "./own/rights.ts";

export const meta = { class: "covert" };

interface Head {
  readonly eventBus: {
    on(
      pattern: unknown,
      listener: (payload: unknown, event: { topic: string }) => void,
      options?: object,
    ): unknown;
    once(pattern: unknown, listener: () => void): unknown;
    waitFor(pattern: unknown, options?: object): Promise<unknown>;
  };
}

const heard: string[] = [];

export async function attack({ eventBus }: Head): Promise<string> {
  const changing = (): object => {
    let reads = 0;
    return {
      length: 6,
      split: () => ["news", "x"],
      toString: () => reads++ === 0 ? "news.x" : "secret.plans",
    };
  };
  const patterns = [
    ...[">", "*", "*.*", "*.plans", "secret.*", "secret.plans", "plugin.>", "plugin.activated", "log.*"],
    ...["news", "news.>", "news.*.x", "news.*\n", "news.* ", "news..*", "News.*", "\u0000", "", "__proto__"],
    ...[
      ["news.*", "secret.*"],
      ...RIGHTS.listens.flatMap((listens) => [`${listens}.>`, listens.replace(/\w+/, "*"), `>.${listens}`]),
      ["secret.*"],
      null,
      undefined,
      5,
      Symbol.iterator,
      changing(),
      new String("secret.*"),
    ],
  ];
  const listening: string[] = [];
  const listener = (_payload: unknown, { topic }: { topic: string }): void => {
    if (!mayHear(topic)) heard.push(topic);
  };
  for (const pattern of patterns) {
    for (const method of ["on", "once"] as const) {
      try {
        eventBus[method](pattern, listener as () => void);
        if (typeof pattern === "string" && !mayHear(pattern)) listening.push(pattern);
      } catch {
        // refused
      }
    }
    const waiting = eventBus.waitFor(pattern, { timeoutMs: 5, history: Infinity });
    const wasHeard = await waiting.then(() => true, () => false);
    if (wasHeard && !mayHear(String(pattern))) listening.push(`${String(pattern)} by waiting`);
  }
  for (const pattern of RIGHTS.listens) eventBus.on(pattern, listener, { history: Infinity });
  await new Promise((resolve) => setTimeout(resolve, 20));
  if (listening.length + heard.length > 0) return `BREACH: listens to ${listening}, heard ${heard}`;
  return "BLOCKED";
}
