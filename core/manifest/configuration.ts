/**
 * The section `configuration` of a manifest, checked: declarations of settings that make sense.
 *
 * A default is checked against its own declaration here, when the manifest is read, not when it is
 * first used: a plugin with an impossible default is never loaded.
 *
 * @module
 */

import { z } from "../deps/zod.ts";
import { type Configuration, type SettingDeclaration, valueSchema } from "./declaration.ts";
import { BASE_CONFIGURATION } from "./families.ts";
import type { WellFormed } from "./infer.ts";
import { expectationOf, validate } from "./problems.ts";

/** Names that every object has already would be found where nothing was given. */
const settingName = z.string()
  .regex(/^[A-Za-z][A-Za-z0-9_]{0,63}$/, "a name of letters, digits and _, such as hidden_size")
  .refine((name) => !(name in {}), "a name that JavaScript has no use for");

/** The runtime tells every plugin these, so no plugin can mean something else by them. */
const FILLED_IN: ReadonlySet<string> = new Set(Object.keys(BASE_CONFIGURATION));

const topName = settingName.refine(
  (name) => !FILLED_IN.has(name),
  "another name, because the runtime fills this one in for every plugin",
);

/** How one setting is declared. */
export const declarationSchema: z.ZodType<SettingDeclaration> = z.lazy(() =>
  z.strictObject({
    type: z.enum(["int", "float", "string", "bool", "list", "enum", "object"]),
    default: z.unknown().optional(),
    required: z.boolean().optional(),
    description: z.string().optional(),
    min: z.number().optional(),
    max: z.number().optional(),
    values: z.array(z.union([z.string(), z.number()])).min(1).optional(),
    items: declarationSchema.optional(),
    properties: z.record(settingName, declarationSchema).optional(),
  }).superRefine(checkDeclaration)
);

/**
 * Declarations by the name of the setting.
 *
 * @example
 * ```ts
 * import { configurationSchema } from "./configuration.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const accepts = (value: unknown) => configurationSchema.safeParse({ layers: value }).success;
 * assertEquals(accepts({ type: "int", default: 2, min: 1 }), true);
 * assertEquals(accepts({ type: "int", default: 0, min: 1 }), false);
 * ```
 */
export const configurationSchema: z.ZodType<Configuration> = z.record(topName, declarationSchema);

/**
 * The declaration as it is, checked by the compiler, which then knows the type of the settings, and again
 * when it runs. Repeat the section `configuration` of plugin.yaml with it: the two are compared.
 *
 * @throws {KBertError} `document/invalid` for a declaration that makes no sense
 * @example
 * ```ts
 * import { defineConfiguration } from "./configuration.ts";
 * import { assertThrows } from "../deps/assert.ts";
 *
 * defineConfiguration({ pooling: { type: "enum", values: ["cls", "mean"], default: "cls" } });
 * const message = "defineConfiguration: layers.default: found 0, expected at least 1";
 * assertThrows(() => defineConfiguration({ layers: { type: "int", min: 1, default: 0 } }), Error, message);
 * ```
 */
export function defineConfiguration<const Config extends Configuration>(
  configuration: Config & WellFormed<NoInfer<Config>>,
): Config {
  validate(configuration as Configuration, configurationSchema, { file: "defineConfiguration" });
  return configuration;
}

/** Which further keys each type takes. */
const KEYS_OF_TYPE: { readonly [Type in SettingDeclaration["type"]]: readonly (keyof SettingDeclaration)[] } =
  {
    int: ["min", "max"],
    float: ["min", "max"],
    string: ["min", "max"],
    bool: [],
    list: ["min", "max", "items"],
    enum: ["values"],
    object: ["properties"],
  };

function checkDeclaration(entry: SettingDeclaration, context: z.RefinementCtx): void {
  const refuse = (path: PropertyKey[], message: string): void =>
    context.addIssue({ code: "custom", path, message });
  for (const key of ["min", "max", "values", "items", "properties"] as const) {
    if (entry[key] !== undefined && !KEYS_OF_TYPE[entry.type].includes(key)) {
      refuse([key], `no such key with the type ${entry.type}`);
    }
  }
  if (entry.type === "enum" && entry.values === undefined) {
    refuse(["values"], "a list of what the enum may be");
  }
  if (entry.min !== undefined && entry.max !== undefined && entry.min > entry.max) {
    refuse(["max"], `at least ${entry.min}, the value of min`);
  }
  if (entry.default === undefined) return;
  if (entry.required === true) refuse(["default"], "no default, since the setting is required");
  const { error } = valueSchema(entry).safeParse(entry.default, { error: expectationOf });
  for (const issue of error?.issues ?? []) refuse(["default", ...issue.path], issue.message);
}
