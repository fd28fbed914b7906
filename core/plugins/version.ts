/**
 * One version of a plugin's code, and what follows from it: all that changes when the plugin is reloaded.
 *
 * @module
 */
import type { Admitted } from "./admission.ts";
import type { Admission, RunOptions } from "./run.ts";

/** See the module's text. */
export interface PluginVersion extends Pick<RunOptions, "image" | "config" | "limits" | "findService"> {
  /**
   * Asked before each start: where it runs, and with which rights.
   *
   * @param before what the version has that it takes over from
   */
  readonly admit: (before?: Admitted) => Promise<Admission>;
}
