/**
 * The configs that plugins are made with. A key is the same in `plugin.yaml`, in `k-bert.yaml` and here.
 *
 * Each name is a type and a function. The runtime makes configs by itself; the functions are for tests of
 * a plugin, which make one with the same defaults and the same checks, and add the plugin's own settings.
 *
 * @module
 */
import { checkSettings, type Configuration } from "../../core/manifest/declaration.ts";
import {
  BASE_CONFIGURATION,
  type BaseConfig,
  CONFIG_FAMILIES,
  type PortName,
} from "../../core/manifest/families.ts";
import type { InferSettings } from "../../core/manifest/infer.ts";
import { refusal } from "../../core/manifest/problems.ts";

/** What every plugin is told about itself. */
export type PluginConfig = ConfigOf<"plugin">;
/** Of a head: the width of the hidden states and the number of labels are filled in by the runtime. */
export type HeadConfig = ConfigOf<"head">;
/** Of an augmenter. */
export type AugmenterConfig = ConfigOf<"augmenter">;
/** Of an extractor of features. */
export type FeatureConfig = ConfigOf<"feature">;
/** Of a callback. */
export type CallbackConfig = ConfigOf<"callback">;

/**
 * A config of a plugin without a kind.
 *
 * @throws {KBertError} `document/invalid` for a wrong value; its own settings are taken as they are
 * @example
 * ```ts
 * import { PluginConfig } from "./config.ts";
 * import { assertEquals } from "../../core/deps/assert.ts";
 *
 * const config = PluginConfig({ name: "test_plugin", folder: "data" });
 * assertEquals([config.version, config.enabled, config.folder], ["1.0.0", true, "data"]);
 * ```
 */
export function PluginConfig<const Own extends Given<"plugin">>(given: Own): PluginConfig & Own {
  return complete("PluginConfig", "plugin", given);
}

/**
 * A config of a head.
 *
 * @throws {KBertError} `document/invalid` for a wrong value; its own settings are taken as they are
 * @example
 * ```ts
 * import { HeadConfig } from "./config.ts";
 * import { assertEquals } from "../../core/deps/assert.ts";
 *
 * const config = HeadConfig({ name: "test_head", hidden_size: 768, num_labels: 2, pooling: "cls" });
 * assertEquals([config.dropout_rate, config.activation, config.pooling], [0.1, "relu", "cls"]);
 * ```
 */
export function HeadConfig<const Own extends Given<"head">>(given: Own): HeadConfig & Own {
  return complete("HeadConfig", "head", given);
}

/**
 * A config of an augmenter.
 *
 * @throws {KBertError} `document/invalid` for a wrong value; its own settings are taken as they are
 * @example
 * ```ts
 * import { AugmenterConfig } from "./config.ts";
 * import { assertEquals } from "../../core/deps/assert.ts";
 *
 * assertEquals(AugmenterConfig({ name: "test_augmenter" }).augmentation_probability, 0.5);
 * ```
 */
export function AugmenterConfig<const Own extends Given<"augmenter">>(given: Own): AugmenterConfig & Own {
  return complete("AugmenterConfig", "augmenter", given);
}

/**
 * A config of an extractor of features.
 *
 * @throws {KBertError} `document/invalid` for a wrong value; its own settings are taken as they are
 * @example
 * ```ts
 * import { FeatureConfig } from "./config.ts";
 * import { assertEquals } from "../../core/deps/assert.ts";
 *
 * assertEquals(FeatureConfig({ name: "test_features", input_columns: ["text"] }).output_prefix, "feature_");
 * ```
 */
export function FeatureConfig<const Own extends Given<"feature">>(given: Own): FeatureConfig & Own {
  return complete("FeatureConfig", "feature", given);
}

/**
 * A config of a callback.
 *
 * @throws {KBertError} `document/invalid` for a wrong value; its own settings are taken as they are
 * @example
 * ```ts
 * import { CallbackConfig } from "./config.ts";
 * import { assertEquals } from "../../core/deps/assert.ts";
 *
 * const { monitor, patience } = CallbackConfig({ name: "test_callback", patience: 2 });
 * assertEquals([monitor, patience], ["val_loss", 2]);
 * ```
 */
export function CallbackConfig<const Own extends Given<"callback">>(given: Own): CallbackConfig & Own {
  return complete("CallbackConfig", "callback", given);
}

/** What all plugins of a kind are told; their own settings come on top. */
type ConfigOf<Port extends PortName> = BaseConfig & InferSettings<Family<Port>>;

/** What it takes to make one: a name, and what has no default. */
type Given<Port extends PortName> = Partial<ConfigOf<Port>> & Pick<ConfigOf<Port>, "name" | RequiredOf<Port>>;

type Family<Port extends PortName> = typeof CONFIG_FAMILIES[Port];
type RequiredOf<Port extends PortName> = keyof {
  [Name in keyof Family<Port> as Family<Port>[Name] extends { required: true } ? Name : never]: true;
};

function complete<Port extends PortName, Own extends Given<Port>>(
  kind: string,
  port: Port,
  given: Own,
): ConfigOf<Port> & Own {
  const declared: Configuration = { ...BASE_CONFIGURATION, ...CONFIG_FAMILIES[port] };
  const entries = Object.entries(given);
  const shared = Object.fromEntries(entries.filter(([name]) => Object.hasOwn(declared, name)));
  const { value, problems } = checkSettings(declared, shared);
  if (problems.length > 0) throw refusal({ file: kind, note: `a setting of ${given.name}` }, problems);
  return { ...given, ...value } as ConfigOf<Port> & Own;
}
