/** Takes the listeners of uncaught errors away, and then throws one. */
export const meta = { class: "spoof" };

export function attack(): Promise<string> {
  for (const symbol of Object.getOwnPropertySymbols(globalThis)) {
    for (const value of [undefined, {}, Object(Reflect.get(globalThis, symbol)).listeners]) {
      try {
        Reflect.set(globalThis, symbol, value);
        Reflect.deleteProperty(globalThis, symbol);
        for (const list of Object.values(Object(value))) (list as unknown[]).length = 0;
      } catch {
        // frozen
      }
    }
  }
  for (const name of ["dispatchEvent", "reportError", "onerror", "onunhandledrejection"]) {
    try {
      Object.defineProperty(globalThis, name, { value: () => true });
    } catch {
      // frozen
    }
  }
  setTimeout(() => {
    throw new Error("\u001b[31msilently");
  }, 0);
  void Promise.reject(new Error("\u001b[31msilently too"));
  return new Promise(() => {});
}
