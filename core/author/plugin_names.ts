/**
 * What a new plugin's file and class are called, from the plugin's name.
 *
 * @module
 */
import type { PortName } from "../manifest/families.ts";
import { KBertError } from "../wall/errors.ts";
import { printable } from "../wall/printable.ts";

/** The names of one plugin. */
export interface PluginNames {
  /** In plugin.yaml: `my-head`. */
  readonly plugin: string;
  /** Without `.ts`: `my_head`. */
  readonly file: string;
  /** `MyHead`. */
  readonly className: string;
}

/** As in plugin.yaml. */
const NAME = /^[a-z][a-z0-9_-]{0,63}$/;

/** What the sources of a new plugin import: a class of that name could not be declared beside it. */
const IMPORTED: ReadonlySet<string> = new Set([
  ...["AugmentContext", "AugmenterConfig", "AugmenterPort", "CallbackConfig", "CallbackPort", "ColumnTable"],
  ...[
    "EventBus",
    "FeatureConfig",
    "FeaturePort",
    "HeadConfig",
    "HeadPort",
    "InferSettings",
    "Linear",
    "Logs",
  ],
  ...[
    "PluginConfig",
    "PluginPort",
    "Settings",
    "TrainerState",
    "Dropout",
    "Network",
    "Files",
    "Container",
    "Token",
  ],
]);

/**
 * The names, or why there are none.
 *
 * A class whose name JavaScript or the SDK has already is called after its kind too: `map` becomes `MapFeature`.
 *
 * @throws {KBertError} `usage/invalid` for a name that a plugin cannot have, with one that it can
 * @example
 * ```ts
 * import { pluginNames } from "./plugin_names.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * assertEquals(pluginNames("my-head", "head"), { plugin: "my-head", file: "my_head", className: "MyHead" });
 * assertEquals(pluginNames("map", "feature").className, "MapFeature");
 * ```
 */
export function pluginNames(name: string, port: PortName): PluginNames {
  if (!NAME.test(name)) throw badName(name);
  const words = name.split(/[_-]+/).filter(Boolean);
  const plain = words.join("_");
  const pascal = words.map(capitalized).join("");
  return {
    plugin: name,
    // `deno test` takes a file of such a name for a test.
    file: /(?:^|_)test$/.test(plain) ? `${plain}_${port}` : plain,
    className: pascal in globalThis || IMPORTED.has(pascal) ? pascal + capitalized(port) : pascal,
  };
}

function badName(name: string): KBertError<"usage/invalid"> {
  const rule = "a plugin's name is 1 to 64 small letters, digits, _ and -, with a letter first";
  const better = name.replace(/([a-z0-9])([A-Z])/g, "$1_$2").toLowerCase().replace(/[^a-z0-9_-]+/g, "_")
    .replace(/^[^a-z]+/, "").replace(/_+$/, "").slice(0, 64);
  const advice = NAME.test(better) ? `, such as ${better}` : "";
  return new KBertError("usage/invalid", `Cannot call a plugin "${printable(name, 80)}": ${rule}${advice}`, {
    argument: name,
  });
}

function capitalized(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
