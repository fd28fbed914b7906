/** Sends memory that it keeps: what the host has checked would change afterwards. */
import { RIGHTS } from "./own/rights.ts";

interface Plugin {
  readonly eventBus: { emit(topic: string, payload?: unknown): Promise<void> };
}

const TOPIC = RIGHTS.emits[0] ?? "declared";

export const meta = { class: "covert" };

export async function attack({ eventBus }: Plugin): Promise<string> {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 4, shared: true });
  const plain = new WebAssembly.Memory({ initial: 1 });
  const sent: string[] = [];
  const values: Record<string, unknown> = {
    "a shared buffer": memory.buffer,
    "a view of it": new Uint8Array(memory.buffer),
    "floats of it": new Float32Array(memory.buffer, 16, 4),
    "a memory": memory,
    "a module": new WebAssembly.Module(Uint8Array.from([0, 97, 115, 109, 1, 0, 0, 0])),
    "a memory that is not shared": plain,
    "a weak reference": new WeakRef({}),
    "a function": () => 1,
    "a port": Reflect.get(globalThis, "MessagePort") ?? Symbol("none"),
  };
  for (const [what, value] of Object.entries(values)) {
    await eventBus.emit(TOPIC, value).then(() => sent.push(what), () => {});
  }
  // A copy of it may cross; the memory itself must not.
  const shared = sent.filter((what) => !/view|floats/.test(what));
  return shared.length > 0 ? `BREACH: ${shared} crossed` : "BLOCKED";
}
