/**
 * What a plugin remembers, on its way from one version of its code to the next.
 *
 * The host carries it and does not look into it: of what it was answered, only the form is checked here. Its
 * size is bounded by the frame that it comes in.
 *
 * @module
 */
import { z } from "../deps/zod.ts";
import { KBertError } from "../wall/errors.ts";
import { printable } from "../wall/printable.ts";
import type { WireValue } from "../wall/values.ts";

/** See the module's text. Written and read by workers/state_transfer.ts. */
export interface PluginState {
  /** `stateVersion` of the code that it is from. */
  readonly version: number;
  /** What `captureState()` answered; absent if the code has none. */
  readonly own?: WireValue;
  /** What the port keeps for the plugin: weights and moments of a head. */
  readonly port?: WireValue;
}

/** What begins anew is told so many times; each is a line for a person. */
const MAX_LOSSES = 100;

const state = z.strictObject({
  version: z.int().min(0).max(1_000_000),
  own: z.custom<WireValue>().optional(),
  port: z.custom<WireValue>().optional(),
});

const line = z.string().transform((text) => printable(text.replaceAll("\n", " "), 300));
const losses = z.array(line).max(MAX_LOSSES);

/** @throws {KBertError} `plugin/answer` for another form */
export function parseState(value: WireValue, plugin: string): PluginState {
  return parsed(state, value, plugin, "$capture") as PluginState;
}

/** What begins anew, as printable lines. @throws {KBertError} `plugin/answer` for another form */
export function parseLosses(value: WireValue, plugin: string): readonly string[] {
  return parsed(losses, value, plugin, "$restore");
}

function parsed<T>(schema: z.ZodType<T>, value: WireValue, plugin: string, method: string): T {
  const { data, error } = schema.safeParse(value);
  if (error === undefined) return data as T;
  const problem = error.issues[0]?.message ?? "it has another form";
  const message = `The plugin ${plugin} answered ${method} wrongly: ${printable(problem, 200)}`;
  throw new KBertError("plugin/answer", message, { plugin, method });
}
