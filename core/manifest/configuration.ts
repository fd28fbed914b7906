/**
 * The section `configuration` of a manifest, checked: declarations of settings that make sense.
 *
 * A default is checked against its own declaration here, when the manifest is read, not when it is
 * first used: a plugin with an impossible default is never loaded.
 *
 * @module
 */

import { z } from "../deps/zod.ts";
import { expectationOf } from "./problems.ts";
import { type Configuration, type SettingDeclaration, valueSchema } from "./declaration.ts";

/** Names that every object has already would be found where nothing was given. */
const settingName = z.string()
  .regex(/^[A-Za-z][A-Za-z0-9_]{0,63}$/, "a name of letters, digits and _, such as hidden_size")
  .refine((name) => !(name in {}), "a name that JavaScript has no use for");

const declaration: z.ZodType<SettingDeclaration> = z.lazy(() =>
  z.strictObject({
    type: z.enum(["int", "float", "string", "bool", "list", "enum", "object"]),
    default: z.unknown().optional(),
    required: z.boolean().optional(),
    description: z.string().optional(),
    min: z.number().optional(),
    max: z.number().optional(),
    values: z.array(z.union([z.string(), z.number()])).min(1).optional(),
    items: declaration.optional(),
    properties: configurationSchema.optional(),
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
export const configurationSchema: z.ZodType<Configuration> = z.record(settingName, declaration);

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
