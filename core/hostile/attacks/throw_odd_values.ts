/** Throws what is no error, and looks like one. */
export const meta = { class: "spoof" };

export function attack(): string {
  const odd = Object.create(null, {
    name: { get: () => ({ toString: () => "\u001b[2J" }) },
    message: { value: "\u0000".repeat(100_000) },
    cause: { get: () => odd },
    toString: { value: null },
    then: { value: (resolve: (value: string) => void) => resolve("BREACH: it was awaited") },
  });
  throw odd;
}
