/**
 * Environment variables that a plugin was granted, by their exact names.
 *
 * @module
 */
import { z } from "../../deps/zod.ts";
import { KBertError } from "../../wall/errors.ts";
import { hostMayNot, notGranted } from "./refusal.ts";
import type { Rows } from "./rows.ts";

/** Characters of a value: with all of them escaped, it still fits into a frame. */
const MAX_VALUE = 2 ** 17;

/** See {@linkcode environmentApi}. */
export const ENVIRONMENT_ARGUMENTS = {
  /** The value of a variable, `undefined` if it is not set. */
  "env.get": z.tuple([z.string().min(1).max(256)]),
} as const;

/**
 * @param granted names; upper and lower case are told apart on every system
 * @throws {KBertError} from the method: `capability/refused`, `input/invalid` for a value that is too long
 */
export function environmentApi(
  plugin: string,
  granted: readonly string[],
): Rows<typeof ENVIRONMENT_ARGUMENTS> {
  const names = new Set(granted);
  return {
    "env.get": async ([name]) => {
      if (!names.has(name)) throw notGranted(plugin, "env", name);
      // Asked before, because Deno would ask the user on a terminal, and its question does not name the plugin.
      const { state } = await Deno.permissions.query({ name: "env", variable: name });
      if (state !== "granted") throw hostMayNot(plugin, "env", name, name);
      const value = Deno.env.get(name);
      if (value !== undefined && value.length > MAX_VALUE) {
        const message =
          `The variable ${name} has ${value.length} characters, and a plugin is given at most ${MAX_VALUE}`;
        throw new KBertError("input/invalid", message, { name, limit: MAX_VALUE, value: value.length });
      }
      return value;
    },
  };
}
