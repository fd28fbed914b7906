import { holds, type ReadOnly, type Same } from "../../tests/fixtures/types.ts";
import { assertEquals } from "../deps/assert.ts";
import type { z } from "../deps/zod.ts";
import type { Configuration } from "./declaration.ts";
import type { PluginManifest } from "./manifest.ts";
import { type manifestSchema, parseManifest } from "./schema.ts";

type Parsed = ReadOnly<z.output<typeof manifestSchema>>;

Deno.test("PluginManifest is the type of what manifestSchema gives, part by part", () => {
  holds<Same<keyof Parsed, keyof PluginManifest>>();
  holds<Same<Omit<Parsed, "configuration">, Omit<PluginManifest, "configuration">>>();
  // It refers to itself, so it is compared as it is written.
  holds<Same<z.output<typeof manifestSchema>["configuration"], Configuration>>();
  holds<Same<PluginManifest["configuration"], Configuration>>();

  const least = parseManifest(
    'name: a\nversion: "1.0.0"\nentry_points: {plugin: main:Main}\n',
    "plugin.yaml",
  );
  const expected: PluginManifest = {
    ...{ name: "a", version: "1.0.0", description: "", author: "", license: "" },
    entry_points: { plugin: "main:Main" },
    dependencies: [],
    configuration: {},
    compatibility: {},
    permissions: { net: [], read: [], write: [], env: [], gpu: false, services: [] },
    events: { emits: [], listens: [] },
    limits: {},
  };
  assertEquals(least, expected);
});

Deno.test("PluginManifest is not the type of another schema", () => {
  type Looser = Omit<Parsed, "license"> & { readonly license?: string };
  // @ts-expect-error the licence is always there
  holds<Same<ReadOnly<Looser>, PluginManifest>>();
  type Writable = Omit<Parsed, "limits"> & { limits: z.output<typeof manifestSchema>["limits"] };
  // @ts-expect-error what was read is not written
  holds<Same<Omit<Writable, "configuration">, Omit<PluginManifest, "configuration">>>();
});
