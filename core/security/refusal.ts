/**
 * How it is said that a plugin cannot be made into an image.
 *
 * @module
 */
import { KBertError } from "../wall/errors.ts";

/** An error about a file of a plugin. */
export function refused(
  plugin: string,
  file: string,
  reason: string,
  options?: ErrorOptions,
): KBertError<"plugin/image"> {
  const message = `Cannot load the plugin ${plugin}: ${reason}`;
  return new KBertError("plugin/image", message, { plugin, file }, options);
}
