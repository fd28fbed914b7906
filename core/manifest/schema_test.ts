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
    permissions: { net: [], read: [], write: [], env: [], gpu: false, services: [] },
    events: { emits: [], listens: [] },
    limits: {},
  });
});

Deno.test("parseManifest() reads the guide's manifest", () => {
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
  - "mlx>=0.4.0"
  - "numpy >=1.21.0 <3"

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

permissions: {net: ["example.com:443", 10.0.0.1], read: [./data], env: [API_KEY], gpu: true, services: [tokens]}
events: {emits: [head.forward_start], listens: ["train.*", "plugin.>", ">"]}
limits: {callMs: 500, heapMb: 256, memoryMb: 1024, eventsPerSecond: 100, openCalls: 4}
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
    ["dependencies: ['mlx>=soon']", 'found "mlx>=soon", expected the name of a plugin, with a range if it'],
    ["dependencies: [Spam]", 'found "Spam", expected the name of a plugin'],
    ["dependencies: ['words@']", 'found "words@", expected the name of a plugin'],
    ["dependencies: ['words latest']", 'found "words latest", expected the name of a plugin'],
    ["dependencies: [words, 'words>=1']", 'dependencies.1: found "words>=1", expected words only once'],
    ["dependencies: ['npm:a@1.0.0', 'npm:a@2.0.0']", "dependencies.1: found"],
    ["dependencies: [words, 'spam_head>=1']", 'dependencies.1: found "spam_head>=1", expected other plugins'],
    ["permissions: {services: [Tokens]}", 'permissions.services.0: found "Tokens", expected the name of a'],
    ["permissions: {service: [tokens]}", "permissions.service: unknown setting, did you mean services?"],
    [
      "events: {emits: [plugin.activated]}",
      'events.emits.0: found "plugin.activated", expected a topic of the',
    ],
    [`events: {emits: [${"a".repeat(129)}]}`, "events.emits.0: found"],
    ["events: {emit: [a]}", "events.emit: unknown setting, did you mean emits?"],
    ["limits: {openCalls: many}", 'limits.openCalls: found "many", expected a whole number'],
    [
      "limits: {events_per_second: 5}",
      "limits.events_per_second: unknown setting, did you mean eventsPerSecond?",
    ],
    [
      "configuration: {a: {type: flot}}",
      'found "flot", expected one of int, float, string, bool, list, enum, object; did',
    ],
    ["configuration: {a: {type: enum, values: [relu, tanh], default: rellu}}", "did you mean relu?"],
    [
      "configuration: {priority: {type: int}}",
      'found "priority", expected another name, because the runtime fills',
    ],
    [
      "configuration: {hidden_size: {type: string}}",
      'hidden_size.type: found "string", expected int, its type in every',
    ],
    [
      "configuration: {dropout_rate: {type: float, min: 2}}",
      "dropout_rate.min: found 2, expected at most 0.99",
    ],
    [
      "configuration: {num_labels: {type: int, max: 0}}",
      "num_labels.max: found 0, expected at least 1, the least",
    ],
    [
      "configuration: {hidden_size: {type: int, default: 0}}",
      "hidden_size.default: found 0, expected at least 1, as",
    ],
    [
      "configuration: {activation: {type: enum, values: [gelu]}}",
      "activation.default: missing, expected a default, because relu, which every head has",
    ],
    [
      "configuration: {activation: {type: enum, values: [relu, 1]}}",
      "activation.values.1: found 1, expected text",
    ],
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

Deno.test("parseManifest() lets a manifest narrow the settings of its kind, and nest their reserved names", () => {
  const { configuration } = parseManifest(
    LEAST + `
configuration:
  hidden_size: {type: int, default: 768}
  dropout_rate: {type: int, max: 0, default: 0}
  activation: {type: enum, values: [relu, tanh]}
  input_columns: {type: int}
  layer: {type: object, properties: {name: {type: string}}}
`,
    "plugin.yaml",
  );

  assertEquals(Object.keys(configuration).length, 5);
});

Deno.test("parseManifest() tells the problems of all sections at once, in the order of the file", () => {
  const text = `name: Spam
version: 1.2
entry_points: {haed: head:Head, augmenter: aug:Aug}
dependencies: [words, words]
configuration:
  augmentation_probability: {type: bool}
  rate: {type: float, dfault: 1}
permissions: {services: [x, 5]}
events:
  emits: [plugin.crashed]
limits: {openCals: 3}
`;

  assertEquals(refusal(text).split("\n"), [
    'plugin.yaml:1:1: name: found "Spam", expected 1 to 64 small letters, digits, _ and -, with a letter first',
    "plugin.yaml:2:1: version: found 1.2, expected a version such as 1.2.3, in quotes",
    "plugin.yaml:3:16: entry_points.haed: unknown setting, did you mean head?",
    'plugin.yaml:4:23: dependencies.1: found "words", expected words only once',
    'plugin.yaml:6:30: configuration.augmentation_probability.type: found "bool", expected float, its type in every ' +
    "augmenter",
    "plugin.yaml:7:23: configuration.rate.dfault: unknown setting, did you mean default?",
    "plugin.yaml:8:29: permissions.services.1: found 5, expected text",
    'plugin.yaml:10:11: events.emits.0: found "plugin.crashed", expected a topic of the plugin\'s own, because only ' +
    "the host emits this one",
    "plugin.yaml:11:10: limits.openCals: unknown setting, did you mean openCalls?",
  ]);
});

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
