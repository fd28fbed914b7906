/** Takes memory outside of the heap, by buffers that grow and are written to, to 3 GiB at most. */
export const meta = { class: "kill", alone: true };

const held: Uint8Array[] = [];

export function attack(): string {
  for (let count = 0; count < 96; count++) {
    const buffer = new ArrayBuffer(1, { maxByteLength: 32 * 2 ** 20 });
    buffer.resize(buffer.maxByteLength);
    const bytes = new Uint8Array(buffer);
    bytes.fill(count);
    held.push(bytes);
  }
  return `BREACH: ${held.length * 32} MiB of buffers are held`;
}
