/** Has one number computed for longer than anybody waits, in native code. */
export const meta = { class: "hang", alone: true };

export function attack(): string {
  let digits = 0;
  for (let round = 0; round < 100; round++) digits += (7n ** (5_000_000n + BigInt(round))).toString().length;
  return `BREACH: it has ${digits} digits`;
}
