import { assertEquals } from "../deps/assert.ts";
import { parse } from "../deps/yaml.ts";
import { Ajv } from "../../tests/deps/ajv.ts";
import { manifestJsonSchema, SCHEMA_PATH } from "./json_schema.ts";
import { parseManifest } from "./schema.ts";

const isManifest = new Ajv({ strict: false, allErrors: true }).compile(JSON.parse(manifestJsonSchema()));

Deno.test("the published JSON Schema is that of the manifests; if not, run deno task build:schema", async () => {
  assertEquals(await Deno.readTextFile(SCHEMA_PATH), manifestJsonSchema());
});

Deno.test("the published JSON Schema takes the manifests of our own plugins", async () => {
  let count = 0;
  for await (const { name, isDirectory } of Deno.readDir("plugins")) {
    const text = isDirectory ? await Deno.readTextFile(`plugins/${name}/plugin.yaml`).catch(() => "") : "";
    if (text === "") continue;
    count++;

    parseManifest(text, name);
    isManifest(parse(text));

    assertEquals(isManifest.errors, null, name);
  }
  assertEquals(count > 0, true);
});

const LEAST = "name: a\nversion: 1.0.0\nentry_points: {head: 'a:B'}\n";

Deno.test("the published JSON Schema takes what a manifest may say, and parseManifest() too", () => {
  const text = `${LEAST}dependencies: ["npm:@a/b@1.0.0", "words>=1.2.0", "words_2 ^1.0.0"]
configuration:
  hidden_size: {type: int, default: 768, description: The width}
  pooling: {type: enum, values: [cls, 3], default: cls}
  layers: {type: list, items: {type: object, properties: {name: {type: string, required: true}}}, min: 1}
compatibility: {k_bert_version: ">=0.1.0", phase: 2}
permissions: {net: ["a.com:443"], read: [./data], env: [KEY], gpu: true, services: [tokens]}
events: {emits: [head.done], listens: ["*.done", "train.>"]}
limits: {callMs: 100, openCalls: 2, eventsPerSecond: 10, heapMb: 64, memoryMb: 128}
`;

  parseManifest(text, "plugin.yaml");

  assertEquals([isManifest(parse(text)), isManifest.errors], [true, null]);
});

for (
  const wrong of [
    "autor: me",
    "name: Spam",
    "version: 1.2",
    "entry_points: {}",
    "entry_points: {heads: 'a:B'}",
    "entry_points: {head: '../a:B'}",
    "dependencies: ['npm:a']",
    "dependencies: [Words]",
    "configuration: {a: {type: flot}}",
    "configuration: {a: {typ: int}}",
    "configuration: {a: {type: bool, min: 1}}",
    "configuration: {a: {type: enum}}",
    "configuration: {a-b: {type: int}}",
    "configuration: {priority: {type: int}}",
    "configuration: {a: {type: list, items: {type: text}}}",
    "permissions: {network: [a.com]}",
    "permissions: {net: ['*.com']}",
    "permissions: {services: [Tokens]}",
    "events: {emits: ['head.*']}",
    "events: {emits: [plugin.crashed]}",
    "events: {listens: ['head.>.x']}",
    "limits: {openCalls: 0}",
  ]
) {
  Deno.test(`the published JSON Schema refuses ${wrong}`, () => {
    const manifest = { ...parse(LEAST) as object, ...parse(wrong) as object };

    assertEquals(isManifest(manifest), false);
  });
}
