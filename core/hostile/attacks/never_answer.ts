/** Never answers, and keeps its thread busy with timers. */
export const meta = { class: "hang" };

export function attack(): Promise<string> {
  setInterval(() => {}, 1);
  return new Promise(() => {});
}
