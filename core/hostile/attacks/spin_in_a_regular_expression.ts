/** Has one expression matched for ever: native code that looks for an end of its work, not of its time. */
export const meta = { class: "hang", alone: true };

export function attack(): string {
  return `BREACH: it ended with ${/^(x+x+)+y$/.test("x".repeat(40))}`;
}
