/** Throws where nobody catches, with escape codes for whoever prints it. */
export const meta = { class: "starve" };

export function attack(): Promise<string> {
  setTimeout(() => {
    throw new Error("\u001b[31mthrown in a timer");
  }, 0);
  return new Promise(() => {});
}
