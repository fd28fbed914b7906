/** Rejects ten thousand times where nobody listens, with reasons that cannot be shown. */
export const meta = { class: "starve", alone: true };

export async function attack(): Promise<string> {
  for (let count = 0; count < 10_000; count++) {
    void Promise.reject(Object.create(null, { message: { get: () => Promise.reject("\u001b[2J") } }));
  }
  await new Promise((resolve) => setTimeout(resolve, 100));
  return "BLOCKED: none of it was heard";
}
