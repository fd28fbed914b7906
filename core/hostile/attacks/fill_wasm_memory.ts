/** Takes memory by WebAssembly, which no heap limit counts, to 3 GiB at most. */
export const meta = { class: "kill", alone: true };

const held: WebAssembly.Memory[] = [];

export function attack(): string {
  for (let count = 0; count < 24; count++) {
    const memory = new WebAssembly.Memory({ initial: 0, maximum: 2_048 });
    memory.grow(2_048);
    new Uint8Array(memory.buffer).fill(1);
    held.push(memory);
  }
  return `BREACH: ${held.length * 128} MiB of memory are held`;
}
