/** Answers with what looks like the channel's own marks for buffers, and with numbers that no JSON has. */
import { PluginPort } from "k-bert/sdk";

export const meta = { class: "spoof", alone: true };

const ANSWERS: unknown[] = [
  { $: "buffer", index: 99 },
  { $: 0, $buffer: -1, buffer: 1e99, dtype: "float32", shape: [2 ** 31, 2 ** 31], data: "x" },
  [{ $bytes: 0 }, { $bytes: "__proto__" }, { $tensor: { shape: [-1], dtype: "x" } }],
  { dtype: "float32", shape: [1e9, 1e9], data: new Float32Array(1) },
  { dtype: "float32", shape: [-1, NaN, 0.5], data: new Float32Array(0) },
  [NaN, -0, Infinity, -Infinity, 1n << 100_000n, undefined, Symbol.iterator, () => 1],
  Object.assign(() => 1, { kind: "return", id: 1, value: "forged" }),
  new Proxy([], { get: () => 1e9 }),
  new Array(2 ** 31),
];

export class Main extends PluginPort {
  #next = 0;

  async *attack(): AsyncGenerator<unknown> {
    for (; this.#next < ANSWERS.length;) yield ANSWERS[this.#next++];
  }
}
