/** Emits values that cannot be written: each is refused here, and the worker goes on. */
export const meta = { class: "spoof" };

interface Head {
  readonly eventBus: { emit(topic: string, payload?: unknown): Promise<void> };
}

export async function attack({ eventBus }: Head): Promise<string> {
  const loop: unknown[] = [];
  loop.push(loop, loop);
  const moved = new Uint8Array(4);
  structuredClone(null, { transfer: [moved.buffer] });
  const odd = [() => 1, loop, moved, new Map(), Symbol("s"), "x".repeat(2 ** 21), new Array(2 ** 32 - 1)];
  const results = await Promise.allSettled(odd.map((payload) => eventBus.emit("odd", payload)));
  const sent = results.filter(({ status }) => status === "fulfilled").length;
  return sent > 0 ? `BREACH: ${sent} crossed` : "BLOCKED";
}
