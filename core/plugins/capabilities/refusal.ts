/**
 * How a plugin is told that it may not do something, and a user that the host itself may not.
 *
 * @module
 */
import { KBertError } from "../../wall/errors.ts";
import { printable } from "../../wall/printable.ts";

/** Rights that a plugin can be granted and the host then uses in its name. */
export type Right = "net" | "read" | "write" | "env";

/** Characters of what a plugin asked for, in a message. */
const MAX_SHOWN = 200;

/** A text of the plugin, for a message. */
export function shown(text: string): string {
  return printable(text, MAX_SHOWN);
}

/**
 * The right was not granted, or was used in a way that no grant covers.
 *
 * @param value the host, path or name that it was used on
 * @param reason why not, and what to do about it
 */
export function refused(
  plugin: string,
  right: Right,
  value: string,
  reason: string,
): KBertError<"capability/refused"> {
  const message = `The plugin ${plugin} may not ${ACTIONS[right]} ${shown(value)}: ${reason}`;
  return new KBertError("capability/refused", message, { plugin, right, value: shown(value) });
}

/** The usual reason: nobody granted it. */
export function notGranted(plugin: string, right: Right, value: string): KBertError<"capability/refused"> {
  return refused(plugin, right, value, `add it to permissions.${right} in plugin.yaml and grant it`);
}

/**
 * The plugin may, but this process of Deno may not.
 *
 * @param flag what has to stand behind the `=` of the flag that gives the right
 */
export function hostMayNot(
  plugin: string,
  right: Right,
  value: string,
  flag: string,
): KBertError<"capability/refused"> {
  const reason = `it was granted, but this program has no right to; start it with --allow-${right}=${
    shown(flag)
  }`;
  return refused(plugin, right, value, reason);
}

const ACTIONS = { net: "connect to", read: "read", write: "write", env: "read the variable" } as const;
