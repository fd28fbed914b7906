/** Never lets its event loop have a turn, without ever looping; bounded at 15 seconds. */
export const meta = { class: "hang", alone: true };

export async function attack(): Promise<string> {
  const start = Date.now();
  while (Date.now() - start < 15_000) await null;
  return "BREACH: nothing else ran for 15 seconds";
}
