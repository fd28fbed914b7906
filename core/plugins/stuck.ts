/**
 * Plugins that do nothing any more: they loop, and no message reaches them.
 *
 * @module
 */
import { KBertError } from "../wall/errors.ts";
import type { PluginRun } from "./run.ts";

/** What a plugin has to say that it is there, after it has missed a deadline. */
const PING_MS = 500;

/** Why a run is given up; undefined if it reacts, and is only slow. */
export async function whyStuck({ instance }: PluginRun): Promise<string | undefined> {
  if (await instance.isAlive(PING_MS)) return undefined;
  return `it does nothing any more: it did not even react within ${PING_MS} ms after a deadline`;
}

/** What callers get of a plugin whose thread cannot be stopped. @param stuck why, as the end of a sentence */
export function stuckError(plugin: string, stuck: string, cause?: unknown): KBertError<"plugin/quarantined"> {
  const message =
    `The plugin ${plugin} cannot be called because ${stuck}. Its worker cannot be stopped and ` +
    'takes a core until this program ends; load it with tier: "process", where it can be';
  return new KBertError("plugin/quarantined", message, { plugin, restarts: 0, withinMs: 0 }, { cause });
}
