/**
 * The section `configuration` of a manifest, checked: declarations of settings that make sense.
 *
 * A default is checked against its own declaration here, when the manifest is read, not when it is
 * first used: a plugin with an impossible default is never loaded.
 *
 * @module
 */

import { z } from "../deps/zod.ts";
import type { Configuration, SettingDeclaration } from "./declaration.ts";
import { declarationProblems, KEYS_OF_TYPE, TYPED_KEYS } from "./define.ts";
import { BASE_CONFIGURATION } from "./families.ts";
import { addProblems } from "./validate.ts";

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
    type: z.enum(Object.keys(KEYS_OF_TYPE) as SettingDeclaration["type"][])
      .describe("What the setting is; float takes whole numbers as well, int nothing else"),
    default: z.unknown().optional().describe("Used when the setting is left out"),
    required: z.boolean().optional().describe("Whether the setting must be given; then it has no default"),
    description: z.string().optional().describe("What the setting is for"),
    min: z.number().optional().describe("Least number, characters or items"),
    max: z.number().optional().describe("Most number, characters or items"),
    values: z.array(z.union([z.string(), z.number()])).min(1).optional().describe("What an enum may be"),
    items: declarationSchema.optional().describe("What each item of a list is; anything if left out"),
    properties: z.record(settingName, declarationSchema).optional()
      .describe("What an object is made of; any keys if left out"),
  }).superRefine((entry, context) => addProblems(context, entry, declarationProblems(entry)))
).meta({ id: "setting", allOf: keysByType() });

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

/** For editors, which see no refinements: which keys a declaration may not have with its type. */
function keysByType(): z.core.JSONSchema.JSONSchema[] {
  return Object.entries(KEYS_OF_TYPE).map(([type, keys]: [string, readonly string[]]) => {
    const foreign = TYPED_KEYS.filter((key) => !keys.includes(key)).map((key) => [key, false]);
    return {
      if: { properties: { type: { const: type } }, required: ["type"] },
      then: {
        properties: Object.fromEntries(foreign),
        ...(type === "enum" ? { required: ["values"] } : {}),
      },
    };
  });
}
