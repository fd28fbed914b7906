/** Emits on ten thousand topics that it did not declare: each refusal is told of, and must not be kept. */
interface Plugin {
  readonly eventBus: { post(topic: string, payload?: unknown): void };
}

export const meta = { class: "starve", alone: true };

export async function attack({ eventBus }: Plugin): Promise<string> {
  for (let count = 0; count < 10_000; count++) {
    eventBus.post(`undeclared.topic_${count}`, { count });
    if (count % 1_000 === 0) await new Promise((resolve) => setTimeout(resolve, 0));
  }
  return "BLOCKED";
}
