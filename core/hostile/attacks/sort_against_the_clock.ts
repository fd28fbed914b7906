/** Answers a kill, if one throws, with more of the same; bounded at 15 seconds. */
export const meta = { class: "hang", alone: true };

export function attack(): string {
  const start = Date.now();
  const again = (): void => {
    try {
      while (Date.now() - start < 15_000) {
        Array.from({ length: 100_000 }, (_, index) => -index).sort((a, b) => Math.sin(a) - Math.sin(b));
      }
    } catch {
      again();
    } finally {
      if (Date.now() - start < 15_000) again();
    }
  };
  again();
  return "BREACH: it had its 15 seconds";
}
