/**
 * The form of what a head answers, which is somebody else's code: nothing is taken for what it should be.
 *
 * What is refused is marked as poisoned, see core/wall/poison.ts. How large numbers may be is for the head's client
 * to say.
 *
 * @module
 */
import { KBertError } from "../wall/errors.ts";
import { poisoned, type PoisonReason } from "../wall/poison.ts";
import { type HostTensor, isHostTensor } from "../wall/tensor.ts";
import type { WireValue } from "../wall/values.ts";

/** Losses of steps, added up where the head is: of each step the mean loss of its batch. */
export interface LossSum {
  readonly sum: number;
  readonly steps: number;
}

/** An object. @throws {KBertError} `plugin/answer` */
export function record(value: WireValue, plugin: string, method: string): Record<string, WireValue> {
  if (typeof value === "object" && value !== null && !Array.isArray(value) && !isHostTensor(value)) {
    return value as Record<string, WireValue>;
  }
  throw wrong(plugin, method, `it answered ${typeof value}, expected an object`);
}

/** A sum, which may be NaN, and of how many steps it is. @throws {KBertError} `plugin/answer` */
export function lossSum(value: WireValue, plugin: string, method: string): LossSum {
  const { sum, steps } = record(value, plugin, method);
  if (typeof sum === "number" && typeof steps === "number" && Number.isInteger(steps) && steps > 0) {
    return { sum, steps };
  }
  throw wrong(plugin, method, "the losses of the steps before are not a sum and how many they are");
}

/** Tensors by name, all finite. @throws {KBertError} `plugin/answer` */
export function tensors(value: WireValue, plugin: string): ReadonlyMap<string, HostTensor> {
  const entries = Object.entries(record(value, plugin, "state"));
  for (const [name, tensor] of entries) {
    if (!isHostTensor(tensor)) throw wrong(plugin, "state", `${name} is not a tensor`);
    if (!Number.isFinite(sumOfSquares(tensor))) {
      throw wrong(plugin, "state", `${name} holds a number that is not finite`, "not-finite");
    }
  }
  return new Map(entries as [string, HostTensor][]);
}

/** NaN or infinite if one of the numbers is. */
export function sumOfSquares({ data }: HostTensor): number {
  let sum = 0;
  for (let index = 0; index < data.length; index++) sum += data[index]! * data[index]!;
  return sum;
}

/** What is thrown for an answer that is refused. @param what is wrong with it, as the rest of a sentence */
export function wrong(
  plugin: string,
  method: string,
  what: string,
  reason: PoisonReason = "form",
  numbers: { limit?: number; value?: number } = {},
): KBertError<"plugin/answer"> {
  const message = `The plugin ${plugin} answered wrongly: ${what}`;
  return poisoned(new KBertError("plugin/answer", message, { plugin, method, ...numbers }), reason);
}
