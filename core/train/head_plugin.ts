/**
 * A head as a plugin of a run: what it is given beside the user's settings.
 *
 * The trainer is handed a function that loads heads, and never learns where they run.
 *
 * @module
 */
import { describe } from "../manifest/problems.ts";
import { KBertError } from "../wall/errors.ts";

/**
 * The user's settings, and what only the run knows: the encoder's width and the number of labels.
 *
 * @throws {KBertError} `input/invalid` if the user says something else about those.
 * @example
 * ```ts
 * import { headSettings } from "./head_plugin.ts";
 * import { assertEquals, assertThrows } from "../deps/assert.ts";
 *
 * const settings = headSettings({ pooling: "cls" }, 256, 2);
 * assertEquals(settings, { pooling: "cls", hidden_size: 256, num_labels: 2 });
 *
 * const message = "head.settings.num_labels is 3, and it can only be 2 in this run; leave it out";
 * assertThrows(() => headSettings({ num_labels: 3 }, 256, 2), Error, message);
 * ```
 */
export function headSettings(
  settings: Readonly<Record<string, unknown>>,
  hiddenSize: number,
  labels: number,
): Record<string, unknown> {
  const known = { hidden_size: hiddenSize, num_labels: labels };
  for (const [key, value] of Object.entries(known)) {
    const given = settings[key];
    if (given === undefined || given === value) continue;
    const name = `head.settings.${key}`;
    const message = `${name} is ${describe(given)}, and it can only be ${value} in this run; leave it out`;
    throw new KBertError("input/invalid", message, { name, limit: value });
  }
  return { ...settings, ...known };
}
