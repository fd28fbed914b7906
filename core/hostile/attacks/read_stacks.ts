/** Reads the paths of the host's machine off stacks, and the functions and receivers behind them. */
export const meta = { class: "read" };

export function attack(): string {
  const leaks: string[] = [];
  const look = (what: string, text: unknown): void => {
    if (/file:|\/workers\/|\/core\/|[A-Za-z]:\\/.test(String(text))) leaks.push(`${what}: ${String(text)}`);
  };
  look("stack", new Error("x").stack);
  const target: { stack?: unknown } = {};
  Error.captureStackTrace(target);
  look("captured", target.stack);
  for (const name of ["prepareStackTrace", "stackTraceLimit"]) {
    try {
      Reflect.set(Error, name, (_error: unknown, sites: { getThis(): unknown; getFileName(): string }[]) => {
        for (const site of sites) {
          look("site", site.getFileName());
          if (site.getThis() !== undefined) leaks.push("a receiver");
        }
      });
      void new Error("x").stack;
    } catch {
      // frozen
    }
  }
  try {
    const prepareStackTrace = (_error: unknown, sites: { getFileName(): string }[]): void =>
      sites.forEach((site) => look("site of another class", site.getFileName()));
    Reflect.set(globalThis, "Error", Object.assign(function (): void {}, { prepareStackTrace }));
    void new Error("x").stack;
    void new TypeError("x").stack;
  } catch {
    // frozen
  }
  try {
    Reflect.apply(Reflect.get(Object(null), "x"), null, []);
  } catch (error) {
    look("error of the engine", (error as Error).stack);
  }
  return leaks.length > 0 ? `BREACH: ${leaks.slice(0, 3)}` : "BLOCKED";
}
