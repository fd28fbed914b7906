/**
 * The settings that plugins are made with. A key is the same in `plugin.yaml`, in `k-bert.yaml` and here.
 *
 * @module
 */

/** What the settings of every kind of plugin may contain beside the plugin's own. */
export interface PluginConfig {
  readonly [key: string]: unknown;
}

/** Settings of a head. */
export interface HeadConfig extends PluginConfig {
  /** Width of the encoder's hidden states; filled in by the runtime. */
  readonly hidden_size: number;
  /** Number of labels; filled in by the runtime unless it is set. */
  readonly num_labels: number;
  /** Share of the numbers that dropout sets to zero while training, 0 to 1. @default {0.1} */
  readonly dropout_rate?: number;
  /** Activation before the last layer. @default {"relu"} */
  readonly activation?: string;
}
