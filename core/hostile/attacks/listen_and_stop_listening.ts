/** Subscribes and unsubscribes as fast as it can, with all of the past each time. */
interface Plugin {
  readonly eventBus: {
    on(pattern: string, listener: () => void, options?: { history?: number }): Disposable;
  };
}

export const meta = { class: "starve", alone: true };

export async function attack({ eventBus }: Plugin): Promise<string> {
  for (let round = 0; round < 5_000; round++) {
    try {
      eventBus.on(`news.${round}`, () => {}, { history: 1_000 })[Symbol.dispose]();
    } catch {
      // refused
    }
    if (round % 500 === 0) await new Promise((resolve) => setTimeout(resolve, 0));
  }
  return "BLOCKED";
}
