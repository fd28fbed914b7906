/** Emits more events than anybody reads, in one turn. */
interface Head {
  readonly eventBus: { emit(topic: string, payload?: unknown): Promise<void> };
}

export async function attack({ eventBus }: Head): Promise<string> {
  await Promise.all(Array.from({ length: 20_000 }, (_, index) => eventBus.emit("flood", index)));
  return "BLOCKED";
}
