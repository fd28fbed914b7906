/** Runs out of stack in the middle of everything. */
export const meta = { class: "kill" };

export function attack(): string {
  const deeper = (): unknown => {
    try {
      return deeper();
    } catch {
      return new Error("x").stack;
    }
  };
  deeper();
  const recurse = (): never => recurse();
  return recurse();
}
