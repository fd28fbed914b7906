/** Answers in time, and is busy ever after; bounded at 15 seconds. */
export const meta = { class: "hang", alone: true };

export function attack(): string {
  setTimeout(() => {
    const start = Date.now();
    while (Date.now() - start < 15_000);
  }, 0);
  return "BLOCKED";
}
