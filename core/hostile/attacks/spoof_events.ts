/** Emits what its manifest does not declare, in another's name, with keys that set prototypes. */
export const meta = { class: "spoof" };

interface Head {
  readonly eventBus: { emit(topic: string, payload?: unknown): Promise<void> };
}

export async function attack({ eventBus }: Head): Promise<string> {
  const hostile: unknown = JSON.parse(
    `{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}`,
  );
  await eventBus.emit("plugin.deactivated", { plugin: "the_well_behaved_one" });
  await eventBus.emit("__proto__", hostile);
  for (const topic of ["", "\u001b[2J", "x".repeat(1_000)]) {
    const sent = await eventBus.emit(topic, hostile).then(() => true, () => false);
    if (sent) return `BREACH: ${JSON.stringify(topic)} is no topic`;
  }
  return "INFO";
}
