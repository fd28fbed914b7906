/**
 * The JSON Schema of `plugin.yaml`, with which editors complete keys and underline mistakes.
 *
 * It is made of the schema that manifests are read by, and says as much of it as JSON Schema can: what
 * takes a version range apart, or compares two keys, is only found when the plugin is loaded.
 *
 * @module
 */

import { z } from "../deps/zod.ts";
import type { Configuration } from "./declaration.ts";
import { BASE_CONFIGURATION, CONFIG_FAMILIES } from "./families.ts";
import { manifestSchema } from "./schema.ts";

/** Where the schema is kept, from the root of the repository. */
export const SCHEMA_PATH = "plugins/plugin.schema.json";

/**
 * The text of the file at {@linkcode SCHEMA_PATH}.
 *
 * @example
 * ```ts
 * import { manifestJsonSchema } from "./json_schema.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const { required } = JSON.parse(manifestJsonSchema());
 * assertEquals(required, ["name", "version", "entry_points"]);
 * ```
 */
export function manifestJsonSchema(): string {
  const { $schema, properties, ...others } = z.toJSONSchema(manifestSchema, {
    io: "input",
    target: "draft-7", // what editors read
    override: ({ jsonSchema }) => {
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
    },
  });
  Object.assign(properties?.["configuration"] ?? {}, { properties: knownSettings() });
  const schema = { $schema, title: "Manifest of a k-bert plugin", ...others, properties };
  return `${JSON.stringify(schema, null, 2)}\n`;
}

/** Settings of the families, for completion, and those that the runtime fills in, which are mistakes. */
function knownSettings(): Readonly<Record<string, unknown>> {
  const families = Object.entries(CONFIG_FAMILIES).flatMap(([port, family]: [string, Configuration]) =>
    Object.entries(family).map(([name, { description = "" }]) => {
      const note = `${description} (a setting of every ${port})`;
      return [name, { description: note, allOf: [{ $ref: "#/definitions/setting" }] }];
    })
  );
  const filledIn = Object.keys(BASE_CONFIGURATION).map((name) => [name, false]);
  return Object.fromEntries([...families, ...filledIn]);
}
