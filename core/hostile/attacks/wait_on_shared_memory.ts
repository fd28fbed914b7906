/** Parks its thread in native code on memory that nobody else has; bounded at 15 seconds. */
export const meta = { class: "hang", alone: true };

export function attack(): string {
  const { buffer } = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  Atomics.wait(new Int32Array(buffer as unknown as SharedArrayBuffer), 0, 0, 15_000);
  return "BREACH: it was parked for 15 seconds";
}
