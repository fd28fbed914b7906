/** Listens to a thousand patterns, all of them declared, again and again. */
export const meta = { class: "starve" };

interface Head {
  readonly eventBus: { on(pattern: string, listener: () => void, options?: object): Disposable };
}

export async function attack({ eventBus }: Head): Promise<string> {
  for (let number = 0; number < 1_000; number++) {
    eventBus.on(`news.${number}`, () => {}, { history: Infinity });
    const left = eventBus.on(`news.left_${number}`, () => {});
    left[Symbol.dispose]();
  }
  await new Promise((resolve) => setTimeout(resolve, 20));
  return "BLOCKED";
}
