/** Rejects where nobody listens. */
export const meta = { class: "starve" };

export function attack(): Promise<string> {
  void Promise.reject(new Error("\u001b[31mrejected unheard"));
  return new Promise(() => {});
}
