/** Measures under a hundred thousand names: whoever keeps one number for each would keep them all. */
interface Plugin {
  readonly metrics: { count(name: string): void };
}

export const meta = { class: "starve" };

export async function attack({ metrics }: Plugin): Promise<string> {
  for (let round = 0; round < 50; round++) {
    for (let count = 0; count < 2_000; count++) metrics.count(`${"m".repeat(100)}${round}_${count}`);
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  return "BLOCKED";
}
