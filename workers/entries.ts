/**
 * The entry of a plugin's worker, by what of the SDK its image imports.
 *
 * @module
 */
import type { Kit } from "../core/wall/sandbox.ts";

/** Relative to this folder. The graphs of both sandboxes list them as well, for hosts from a URL. */
export const ENTRIES: Readonly<Record<Kit, string>> = {
  plain: "./plugin_worker.ts",
  tensors: "./tensor_plugin_worker.ts",
  tables: "./table_plugin_worker.ts",
  all: "./full_plugin_worker.ts",
};
