/**
 * How a user uses a plugin: as what, with which settings and limits, and where.
 *
 * @module
 */
import type { PortName } from "../manifest/families.ts";
import type { SettingsSource } from "../manifest/settings.ts";
import type { PluginImage } from "../security/image.ts";
import type { Tier } from "../wall/sandbox.ts";
import type { PluginLimits } from "./limits.ts";
import type { RestartPolicy } from "./restarts.ts";

/** How a plugin is loaded. */
export interface LoadOptions<Port extends PortName = PortName> {
  /** What it is used as. @default {the only entry point of its manifest} */
  readonly port?: Port;
  /** Settings of the plugin, checked against its manifest. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Where the settings stand, for messages with line and column. */
  readonly settingsSource?: SettingsSource & { readonly file: string };
  /** Seeds whatever is random in the plugin. @default {0} */
  readonly seed?: number;
  /** Other limits than the usual ones; its manifest may have set tighter ones. */
  readonly limits?: Partial<PluginLimits>;
  /** In `callAll`, and among plugins that could start at the same time, a higher one comes first. @default {0} */
  readonly priority?: number;
  /** What this use of the plugin is called. @default {its name, with #2 and so on for further uses} */
  readonly as?: string;
  /**
   * Where it runs. `worker` is for code that you trust: it cannot be stopped when it loops, nor when it fills
   * the memory without a pause. @default {process, but worker for plugins that come with k-bert}
   */
  readonly tier?: Tier;
  /** Whether and how it is started again after a crash. @default {that of its port, see PORTS} */
  readonly restart?: Partial<RestartPolicy> | false;
}

/** A plugin by name, by path or URL, or as an image, and how it is loaded. */
export interface PluginUse extends LoadOptions {
  readonly plugin: string | URL | PluginImage;
  /** Whether it is started at all. @default {true} */
  readonly enabled?: boolean;
}
