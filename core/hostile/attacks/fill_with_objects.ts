/** Takes the heap by small objects that hold each other, while it answers the event loop between, to 4 GiB. */
export const meta = { class: "kill", alone: true };

const held = new Map<number, object>();

export async function attack(): Promise<string> {
  for (let round = 0; round < 400; round++) {
    for (let count = 0; count < 50_000; count++) {
      held.set(held.size, { before: held.get(held.size - 1), text: `number ${count}`, list: [count, round] });
    }
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  return `BREACH: ${held.size} objects are held`;
}
