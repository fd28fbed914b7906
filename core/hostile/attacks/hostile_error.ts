/** Throws an error that takes over the terminal of whoever prints it. */
export const meta = { class: "spoof" };

export function attack(): string {
  const error = new Error(`\u001b[2J\u001b]52;c;cHduZWQ=\u0007${"A".repeat(8_000_000)}`);
  Object.defineProperty(error, "name", { value: "\u001b[31mBREACH" });
  Object.defineProperty(error, "code", { value: "\u202e".repeat(1_000_000) });
  Object.defineProperty(error, "stack", {
    get(): never {
      throw error;
    },
  });
  error.cause = new Proxy({ cause: error }, {
    get: (_target, key) => key === "cause" ? error : "\u009b2J",
  });
  throw error;
}
