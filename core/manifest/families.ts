/**
 * The five kinds of plugin, and the settings that every plugin of a kind takes without declaring them.
 *
 * The names are those of the plugin development guide. A manifest may declare a setting of its family
 * again, to describe it, to narrow it or to give it another default, but it stays what the family says:
 * the host fills `hidden_size` in for every head, and may rely on it being a whole number.
 *
 * @module
 */

import { checkValue, type Configuration, type SettingDeclaration } from "./declaration.ts";
import { foundInstead, type Problem } from "./problems.ts";

/** The kinds of plugin; keys of `entry_points` in a manifest. */
export type PortName = "head" | "augmenter" | "feature" | "callback" | "plugin";

/** What every plugin is told about itself, whatever its kind; the runtime fills it in. */
export interface BaseConfig {
  readonly name: string;
  readonly version: string;
  readonly enabled: boolean;
  /** Of two plugins that could go first, the one with the higher priority does. */
  readonly priority: number;
  /** As in its manifest. */
  readonly dependencies: readonly string[];
  /** Whatever the user passes to the plugin beside its declared settings. */
  readonly parameters: Readonly<Record<string, unknown>>;
}

/** {@linkcode BaseConfig} with the defaults of the guide's `PluginConfig`. */
export const BASE_CONFIGURATION = {
  name: { type: "string", required: true, min: 1 },
  version: { type: "string", default: "1.0.0" },
  enabled: { type: "bool", default: true },
  priority: { type: "int", default: 0 },
  dependencies: { type: "list", items: { type: "string" }, default: [] },
  parameters: { type: "object", default: {} },
} as const satisfies Record<keyof BaseConfig, SettingDeclaration>;

/** Settings by the kind of plugin, declared as a manifest declares its own. */
export const CONFIG_FAMILIES = {
  plugin: {},
  head: {
    hidden_size: {
      type: "int",
      required: true,
      min: 1,
      description: "Width of the encoder's hidden states; the runtime fills it in",
    },
    num_labels: {
      type: "int",
      required: true,
      min: 1,
      description: "Number of labels; the runtime fills it in",
    },
    dropout_rate: {
      type: "float",
      default: 0.1,
      min: 0,
      max: 0.99, // of 1, nothing would be left
      description: "Share of the numbers that are set to zero while training",
    },
    activation: { type: "string", default: "relu", description: "Activation before the last layer" },
  },
  augmenter: {
    augmentation_probability: {
      type: "float",
      default: 0.5,
      min: 0,
      max: 1,
      description: "Share of the texts that are augmented",
    },
    max_augmentations_per_sample: {
      type: "int",
      default: 1,
      min: 1,
      description: "How often one text may be augmented",
    },
  },
  feature: {
    input_columns: {
      type: "list",
      items: { type: "string" },
      required: true,
      description: "Columns that the features are computed from",
    },
    output_prefix: {
      type: "string",
      default: "feature_",
      description: "What names of new columns begin with",
    },
  },
  callback: {
    monitor: { type: "string", default: "val_loss", description: "Metric that is watched" },
    patience: { type: "int", default: 10, min: 0, description: "Epochs without improvement to wait for" },
    min_delta: { type: "float", default: 0.001, min: 0, description: "Least change that is an improvement" },
  },
} as const satisfies Record<PortName, Configuration>;

/**
 * Everything that a plugin of this kind takes: the settings of its family, its own, and `parameters`.
 *
 * @example
 * ```ts
 * import { configurationOf } from "./families.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const own = { patience: { type: "int", max: 5, default: 2 }, mode: { type: "string" } } as const;
 * const { patience, ...others } = configurationOf(own, "callback");
 * assertEquals([patience?.min, patience?.max, patience?.default], [0, 5, 2]);
 * assertEquals(Object.keys(others), ["monitor", "min_delta", "mode", "parameters"]);
 * ```
 */
export function configurationOf(configuration: Configuration, port: PortName): Configuration {
  const family: Configuration = CONFIG_FAMILIES[port];
  const shared = Object.entries(family).map(([name, entry]) => [name, narrowed(entry, configuration[name])]);
  return { ...family, ...configuration, ...Object.fromEntries(shared), parameters: { type: "object" } };
}

/**
 * What a manifest may not say about the settings of its family; none if all is well.
 *
 * @example
 * ```ts
 * import { familyProblems } from "./families.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * assertEquals(familyProblems({ hidden_size: { type: "string" } }, "head"), [
 *   { path: ["hidden_size", "type"], message: 'found "string", expected int, its type in every head' },
 * ]);
 * ```
 */
export function familyProblems(configuration: Configuration, port: PortName): Problem[] {
  return Object.entries(CONFIG_FAMILIES[port] as Configuration).flatMap(([name, family]) => {
    const own = configuration[name];
    if (own === undefined) return [];
    const problem = kindProblem(family, own, port) ?? boundProblem(family, own, port) ??
      defaultProblem(family, own, port);
    return problem === undefined ? [] : [{ ...problem, path: [name, ...problem.path] }];
  });
}

/** What the manifest says, within what the family allows. */
function narrowed(family: SettingDeclaration, own: SettingDeclaration | undefined): SettingDeclaration {
  if (own === undefined) return family;
  const { default: ownDefault, required, items, min, max } = own;
  const isRequired = ownDefault === undefined && (required === true || family.required === true);
  return {
    ...own,
    ...(own.type === "enum" ? {} : { min: most(min, family.min), max: least(max, family.max) }),
    ...(family.items === undefined ? {} : { items: narrowed(family.items, items) }),
    required: isRequired,
    default: isRequired ? undefined : ownDefault ?? family.default,
  };
}

/** Which types a setting of a family may become; every value of theirs is one of the family's. */
const NARROWER: { readonly [Type in SettingDeclaration["type"]]?: SettingDeclaration["type"] } = {
  float: "int",
  string: "enum",
};

function kindProblem(
  family: SettingDeclaration,
  own: SettingDeclaration,
  port: PortName,
): Problem | undefined {
  if (own.type !== family.type && own.type !== NARROWER[family.type]) {
    return { path: ["type"], message: foundInstead(own.type, `${family.type}, its type in every ${port}`) };
  }
  const odd = own.values?.findIndex((value) => typeof value !== "string") ?? -1;
  if (odd >= 0) {
    return { path: ["values", odd], message: foundInstead(own.values?.[odd], `text, as in every ${port}`) };
  }
  if (family.items === undefined || own.items === undefined) return undefined;
  const problem = kindProblem(family.items, own.items, port);
  return problem && { ...problem, path: ["items", ...problem.path] };
}

function boundProblem(
  { min, max }: SettingDeclaration,
  own: SettingDeclaration,
  port: PortName,
): Problem | undefined {
  if (min !== undefined && own.max !== undefined && own.max < min) {
    return { path: ["max"], message: foundInstead(own.max, `at least ${min}, the least of every ${port}`) };
  }
  if (max !== undefined && own.min !== undefined && own.min > max) {
    return { path: ["min"], message: foundInstead(own.min, `at most ${max}, the most of every ${port}`) };
  }
  return undefined;
}

/** Of a default that its own declaration already refuses, nothing more is said. */
function defaultProblem(
  family: SettingDeclaration,
  own: SettingDeclaration,
  port: PortName,
): Problem | undefined {
  const whole = narrowed(family, own);
  if (whole.default === undefined) return undefined;
  const [problem] = checkValue(whole, whole.default).problems;
  if (problem === undefined) return undefined;
  if (own.default === undefined) {
    const usual = `${String(family.default)}, which every ${port} has, is not possible here`;
    return { path: ["default"], message: `missing, expected a default, because ${usual}` };
  }
  if (checkValue(own, own.default).problems.length > 0) return undefined;
  return { path: ["default", ...problem.path], message: `${problem.message}, as in every ${port}` };
}

function most(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? a ?? b : Math.max(a, b);
}

function least(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? a ?? b : Math.min(a, b);
}
