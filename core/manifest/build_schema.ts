/**
 * Writes the JSON Schema of `plugin.yaml` anew; run it after a change of the schema of manifests.
 *
 *     deno task build:schema
 *
 * @module
 */

import { manifestJsonSchema, SCHEMA_PATH } from "./json_schema.ts";

await Deno.writeTextFile(SCHEMA_PATH, manifestJsonSchema());
