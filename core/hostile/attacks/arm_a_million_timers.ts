/** Arms a million timers that are due at once. */
export const meta = { class: "starve", alone: true };

export async function attack(): Promise<string> {
  let rung = 0;
  for (let count = 0; count < 1_000_000; count++) setTimeout(() => rung++, 500);
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  return `BLOCKED: ${rung} rang here`;
}
