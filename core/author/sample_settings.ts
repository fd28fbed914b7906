/**
 * Settings that a plugin can be tried with when nobody has written any: what its manifest requires, and the sizes of
 * a small model. What has a default keeps it, because that is how most people will use the plugin.
 *
 * @module
 */
import type { SettingDeclaration } from "../manifest/declaration.ts";
import { configurationOf, type PortName } from "../manifest/families.ts";
import type { Configurable } from "../manifest/settings.ts";

/** Sizes of a small model, and columns that {@linkcode sampleCalls} has; taken where the manifest allows them. */
const USUAL: Readonly<Record<string, unknown>> = {
  hidden_size: 32,
  num_labels: 2,
  input_columns: ["price", "volume"],
};
/** Set also where there is a default: the sample calls are of these sizes. */
const SIZES = ["hidden_size", "num_labels"];

/**
 * Settings that a plugin's manifest takes.
 *
 * A value for a required setting is the least that its bounds allow; what it means, only the plugin knows, and it may
 * still refuse it.
 *
 * @example
 * ```ts
 * import { sampleSettings } from "./sample_settings.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const configuration = { pooling: { type: "enum", values: ["cls"], required: true } } as const;
 * const settings = sampleSettings({ name: "my_head", configuration }, "head");
 * assertEquals(settings, { hidden_size: 32, num_labels: 2, pooling: "cls" });
 * ```
 */
export function sampleSettings(manifest: Configurable, port: PortName): Record<string, unknown> {
  const declared = Object.entries(configurationOf(manifest.configuration, port));
  const needed = declared.filter(([name, { required }]) => required === true || isSize(name, port));
  return Object.fromEntries(needed.map(([name, setting]) => [name, valueFor(setting, USUAL[name])]));
}

function isSize(name: string, port: PortName): boolean {
  return port === "head" && SIZES.includes(name);
}

/** A value that the declaration takes, as near as it can be to the usual one. */
function valueFor(setting: SettingDeclaration, usual?: unknown): unknown {
  const { type, min = 0, max = Infinity, values = [], items, properties } = setting;
  switch (type) {
    case "int":
    case "float": {
      const value = Math.min(Math.max(typeof usual === "number" ? usual : 1, setting.min ?? -Infinity), max);
      return type === "int" ? Math.ceil(value) : value;
    }
    case "string":
      return (typeof usual === "string" ? usual : "sample").padEnd(min, "x").slice(0, max);
    case "bool":
      return false;
    case "enum":
      return values.includes(usual as string) ? usual : values[0];
    case "list": {
      if (Array.isArray(usual) && usual.length >= min) return usual.slice(0, max);
      const length = Math.min(Math.max(min, 1), max); // what is required is seldom meant to be empty
      return Array.from({ length }, () => items === undefined ? "sample" : valueFor(items));
    }
    case "object": {
      const required = Object.entries(properties ?? {}).filter(([, part]) => part.required === true);
      return Object.fromEntries(required.map(([name, part]) => [name, valueFor(part)]));
    }
  }
}
