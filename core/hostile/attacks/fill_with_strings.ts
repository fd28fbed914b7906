/** Takes memory by strings that were never joined, and then are, to 4 GiB at most. */
export const meta = { class: "kill", alone: true };

const held: string[] = [];

export function attack(): string {
  for (let count = 0; count < 16; count++) {
    const text = `${count}é`.repeat(2 ** 26);
    held.push(text);
    if (text.charCodeAt(5) === 0 || text.lastIndexOf("no such text") > 0) return "BREACH: read";
  }
  return `BREACH: ${held.length} large strings are held`;
}
