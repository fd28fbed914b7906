/** Leaves something behind for its next run, or for another plugin, wherever something could be left. */
export const meta = { class: "write" };

export async function attack(): Promise<string> {
  const kept: string[] = [];
  for (
    const name of ["localStorage", "sessionStorage", "caches", "indexedDB", "cookieStore", "openDatabase"]
  ) {
    const store: unknown = Reflect.get(globalThis, name);
    if (store === undefined) continue;
    kept.push(name);
    if (name === "caches") {
      await (store as { open(name: string): Promise<unknown> }).open("kept").catch(
        () => {},
      );
    }
  }
  for (const [holder, key] of [[Math, "kept"], [Object, "kept"], [Symbol, "kept"], [JSON, "kept"]] as const) {
    if (Reflect.set(holder, key, true)) kept.push(key);
  }
  performance.mark?.("kept");
  return kept.length > 0 ? `BREACH: ${kept}` : "BLOCKED";
}
