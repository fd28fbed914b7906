/** Gets shared memory to change what was checked. It may be had here, but must not cross. */
export const meta = { class: "covert" };

export function attack(): string {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const Shared = memory.buffer.constructor;
  try {
    structuredClone(memory.buffer, { transfer: [memory.buffer as ArrayBuffer] });
    return "BREACH: shared memory was moved";
  } catch {
    return `BLOCKED: ${Shared.name} stays here`;
  }
}
