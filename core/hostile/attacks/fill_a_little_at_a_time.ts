/** Takes memory so slowly that each look sees little more than the one before, to 3 GiB at most. */
export const meta = { class: "kill", alone: true };

const held: Uint8Array[] = [];

export async function attack(): Promise<string> {
  for (let count = 0; count < 384; count++) {
    held.push(new Uint8Array(8 * 2 ** 20).fill(1));
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return `BREACH: ${held.length * 8} MiB are held`;
}
