import { assertEquals, assertStringIncludes, assertThrows } from "../deps/assert.ts";
import { KBertError } from "../wall/errors.ts";
import { parseManifest, splitEntryPoint } from "./schema.ts";

const LEAST = "name: spam_head\nversion: 1.2.0\nentry_points:\n  head: head:SpamHead\n";

function refusal(text: string): string {
  return assertThrows(() => parseManifest(text, "plugin.yaml"), KBertError).message;
}

Deno.test("parseManifest() fills in everything but name, version and entry points", () => {
  assertEquals(parseManifest(LEAST, "plugin.yaml"), {
    name: "spam_head",
    version: "1.2.0",
    description: "",
    author: "",
    license: "",
    entry_points: { head: "head:SpamHead" },
    dependencies: [],
    configuration: {},
    compatibility: {},
    permissions: { net: [], read: [], write: [], env: [], gpu: false },
    events: { emits: [], listens: [] },
    limits: {},
  });
});

Deno.test("parseManifest() reads the guide's manifest, but for its Python packages", () => {
  const manifest = parseManifest(
    `
name: "custom_classification_head"
version: "1.2.0"
description: "Advanced classification head with attention mechanism"
author: "Your Name"
license: "MIT"

entry_points:
  head: "custom_head:CustomClassificationHead"

dependencies:
  - "npm:ml-matrix@6.12.1"
  - "npm:@stdlib/math@0.3.3"

configuration:
  hidden_size:
    type: int
    default: 768
    description: "Hidden layer size"

  num_labels:
    type: int
    required: true
    description: "Number of output labels"

compatibility:
  k_bert_version: ">=2.0.0"
  phase: 2

permissions: {net: ["example.com:443", 10.0.0.1], read: [./data], env: [API_KEY], gpu: true}
events: {emits: [head.forward_start], listens: ["train.*", "plugin.>", ">"]}
limits: {callMs: 500, heapMb: 256, memoryMb: 1024}
`,
    "plugin.yaml",
  );

  assertEquals(manifest.entry_points.head, "custom_head:CustomClassificationHead");
  assertEquals(manifest.configuration["num_labels"]?.required, true);
  assertEquals(manifest.compatibility, { k_bert_version: ">=2.0.0", phase: 2 });
  assertEquals(manifest.permissions.net, ["example.com:443", "10.0.0.1"]);
});

Deno.test("parseManifest() tells all that an empty manifest lacks", () => {
  assertEquals(refusal("{}").split("\n"), [
    "plugin.yaml:1:1: name: missing, expected text",
    "plugin.yaml:1:1: version: missing, expected a version such as 1.2.3, in quotes",
    "plugin.yaml:1:1: entry_points: missing, expected a mapping",
  ]);
});

for (
  const [yaml, message] of [
    [
      "permissions: {network: [a.com]}",
      "permissions.network: unknown setting, expected one of net, read, write",
    ],
    ["permissions: {ned: [a.com]}", "permissions.ned: unknown setting, did you mean net?"],
    ["permissions: {net: ['*.a.com']}", 'permissions.net.0: found "*.a.com", expected a host or host:port'],
    ["permissions: {net: ['a.com:70000']}", "permissions.net.0: found"],
    ["permissions: {net: ['http://a.com']}", "permissions.net.0: found"],
    ["permissions: {net: true}", "permissions.net: found true, expected a list"],
    ["permissions: {env: ['A B']}", "expected the name of an environment variable"],
    ["permissions: {gpu: yes}", 'permissions.gpu: found "yes", expected true or false'],
    ["dependencies: ['npm:lodash@^4.0.0']", "expected an exact package such as npm:lodash@4.17.21"],
    ["dependencies: ['mlx>=0.4.0']", "expected an exact package such as npm:lodash@4.17.21"],
    ["dependencies: ['npm:lodash']", "expected an exact package"],
    ["events: {emits: ['head.*']}", 'events.emits.0: found "head.*", expected a topic'],
    ["events: {listens: ['head.>.x']}", "events.listens.0: found"],
    ["limits: {callMs: 0}", "limits.callMs: found 0, expected at least 1"],
    ["limits: {heapMB: 1}", "limits.heapMB: unknown setting, did you mean heapMb?"],
    ["compatibility: {k_bert_version: soon}", 'found "soon", expected a range such as >=0.1.0'],
    [
      "configuration: {a: {type: integer}}",
      'configuration.a.type: found "integer", expected one of int, float',
    ],
    ["configuration: {constructor: {type: int}}", 'found "constructor", expected a name that'],
    ["configuration: {a-b: {type: int}}", 'found "a-b", expected a name of letters'],
    [
      "configuration: {a: {type: bool, min: 1}}",
      "configuration.a.min: found 1, expected no such key with the type bool",
    ],
    ["configuration: {a: {type: enum}}", "configuration.a.values: missing, expected a list of what"],
    ["configuration: {a: {type: int, min: 2, max: 1}}", "configuration.a.max: found 1, expected at least 2"],
    [
      "configuration: {a: {type: int, default: x}}",
      'configuration.a.default: found "x", expected a whole number',
    ],
    [
      "configuration: {a: {type: int, default: 1, required: true}}",
      "expected no default, since the setting is required",
    ],
    [
      "configuration: {a: {type: list, items: {type: int}, default: [1, x]}}",
      'a.default.1: found "x", expected a whole',
    ],
    [
      "configuration: {a: {type: object, properties: {b: {typ: int}}}}",
      "a.properties.b.typ: unknown setting, did you",
    ],
    ["autor: me", "autor: unknown setting, did you mean author?"],
  ] as const
) {
  Deno.test(`parseManifest() refuses ${yaml}`, () => {
    const text = refusal(`${LEAST}${yaml}\n`);
    assertStringIncludes(text, "plugin.yaml:5:");
    assertStringIncludes(text, message);
  });
}

for (
  const [key, value] of [
    ["name", "Spam"],
    ["name", "1spam"],
    ["name", `"${"a".repeat(65)}"`],
    ["version", "1.2"],
    ["version", "v1.2.3"],
    ["version", '"1.2.3 "'],
    ["entry_points", "{}"],
    ["entry_points", "{head: 'a:B', heads: 'a:B'}"],
    ...["head", "../head:Head", "/head:Head", "a/../b:Head", "C:/head:Head", "head.js:Head", "head.d.ts:Head"]
      .map((point) => ["entry_points", `{head: '${point}'}`] as const),
    ...["head:", "head:1x", "head:Head:x", "a b:Head", "http://x/a:Head", ".hidden:Head"]
      .map((point) => ["entry_points", `{head: '${point}'}`] as const),
  ] as const
) {
  Deno.test(`parseManifest() refuses ${key}: ${value.slice(0, 30)}`, () => {
    const lines = new Map([["name", "a"], ["version", "1.0.0"], ["entry_points", "{head: 'a:B'}"]]).set(
      key,
      value,
    );
    const message = refusal([...lines].map(([name, text]) => `${name}: ${text}\n`).join(""));
    assertStringIncludes(message, `: ${key}`);
    assertEquals(message.split("\n").length, 1, message);
  });
}

Deno.test("parseManifest() takes every way to write an entry point", () => {
  for (
    const point of ["head:Head", "./head:Head", "head.ts:Head", "src/my-head_2.ts:$Head", "./a/b:default"]
  ) {
    const manifest = parseManifest(LEAST.replace("head:SpamHead", point), "plugin.yaml");
    assertEquals(manifest.entry_points.head, point);
  }
});

Deno.test("splitEntryPoint() gives the file with its extension and the export", () => {
  assertEquals(splitEntryPoint("head:Head"), { file: "head.ts", name: "Head" });
  assertEquals(splitEntryPoint("./src/head.ts:Head"), { file: "src/head.ts", name: "Head" });
});
