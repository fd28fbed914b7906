import { assertEquals } from "../deps/assert.ts";
import { parseManifest } from "../manifest/schema.ts";
import { compareUses } from "./declared_uses.ts";
import { usesOf } from "./uses.ts";

/** What is found in a file with such a body of a class, as `line level code message`. */
function found(
  manifest: string,
  body: string,
  options: { imports?: string; tensors?: boolean } = {},
): string[] {
  const {
    imports = 'import { Environment, Files, inject, Network, PluginPort, service } from "k-bert/sdk";',
  } = options;
  const text = `name: main\nversion: 1.0.0\nentry_points: { plugin: "main:Main" }\n${manifest}`;
  const source = `${imports}\nexport class Main extends PluginPort {\n${body}\n}\n`;
  const findings = compareUses(
    parseManifest(text, "plugin.yaml"),
    text,
    [usesOf(source, "main.ts")],
    options.tensors ?? false,
  );
  return findings.map(({ file, line, level, code, message }) =>
    `${file}:${line} ${level} ${code} ${message}`
  );
}

const emits = (topics: string): string => `events: { emits: [${topics}] }\n`;
const asks = (rights: string): string => `permissions: { ${rights} }\n`;

Deno.test("compareUses() finds nothing where what is used is declared", () => {
  assertEquals(found(emits("main.done"), 'run() { return this.eventBus.emit("main.done", {}); }'), []);
  assertEquals(found("", "run() {}"), []);
  const log = 'this.logger.info("hello"); this.eventBus.post("log.info", { message: "", fields: {} });';
  assertEquals(found("", `run() { ${log} }`), []);
});

Deno.test("compareUses() says which topic is emitted and not declared, with the nearest that is", () => {
  assertEquals(
    found(
      emits("main.done"),
      'a() { this.eventBus.emit("main.done", 1); }\nb() { this.eventBus.post("main.dune", 1); }',
    ),
    [
      "main.ts:4 problem topics/undeclared It emits main.dune, which is not in events.emits of plugin.yaml; did you mean main.done?",
    ],
  );
  assertEquals(found("", 'a() { this.eventBus.emit("x.y", 1); }'), [
    "main.ts:3 problem topics/undeclared It emits x.y, which is not in events.emits of plugin.yaml; add it there",
  ]);
});

Deno.test("compareUses() follows the bus, and texts, through names", () => {
  const ways = [
    'const bus = this.eventBus; bus.emit("x.y", 1);',
    'const { eventBus } = this; eventBus.emit("x.y", 1);',
    'const { eventBus: b } = this; b.post("x.y", 1);',
    'const T = "x.y"; this.eventBus.emit(T, 1);',
    "this.eventBus.emit(`x.y`, 1);",
    '(this.eventBus as unknown as Other).emit("x.y" as string, 1);',
    'this.eventBus!.emit?.("x.y", 1);',
  ];
  for (const way of ways) {
    assertEquals(found(emits("x.y"), `run() { ${way} }`), [], way);
    assertEquals(found("", `run() { ${way} }`).length, 1, way);
  }
  const constructed = 'constructor(config, bus) { super(config, bus); bus.emit("x.y", 1); }';
  assertEquals(found("", constructed).length, 1);
  assertEquals(found("", 'run(other) { other.emit("x.y", 1); }'), []); // somebody else's
});

Deno.test("compareUses() takes both texts of a choice, and says that a computed topic is not compared", () => {
  assertEquals(found(emits("a.b"), 'run(is) { this.eventBus.emit(is ? "a.b" : "a.c", 1); }').length, 1);
  assertEquals(found(emits("a.b, a.c"), "run(name) { this.eventBus.emit(`a.${name}`, 1); }"), [
    "main.ts:3 note topics/computed What it emits here is computed, so it is not compared with events.emits of plugin.yaml",
  ]);
});

Deno.test("compareUses() says what is declared and not used, at its place in plugin.yaml", () => {
  const manifest =
    "events:\n  emits:\n    - main.done\n    - main.gone\n  listens: [head.*]\npermissions:\n  gpu: true\n";

  assertEquals(found(manifest, 'run() { this.eventBus.emit("main.done", 1); }'), [
    "plugin.yaml:7 warning topics/unused main.gone is in events.emits, and nothing in the code uses it",
    "plugin.yaml:8 warning topics/unused head.* is in events.listens, and nothing in the code uses it",
    "plugin.yaml:10 warning rights/unused permissions.gpu is true, and nothing in the code computes with tensors",
  ]);
  assertEquals(found(asks("gpu: true"), "", { tensors: true }), []);
  assertEquals(
    found("", "run() { return navigator.gpu; }")[0]?.slice(0, 34),
    "main.ts:3 problem rights/undeclare",
  );
});

Deno.test("compareUses() knows what the SDK's augmenters emit", () => {
  const body = "augment(texts, context) { return this.augmentEach(texts, context, (text) => text); }";

  assertEquals(found(emits("augmenter.started, augmenter.completed"), body), []);
  assertEquals(found("", body).length, 2);
});

Deno.test("compareUses() compares patterns that are listened to as the host does", () => {
  const listens = (patterns: string): string => `events: { listens: ["${patterns}"] }\n`;
  const body = 'initialize() { this.use(this.eventBus.on("head.*", () => {})); }';

  assertEquals(found(listens("head.>"), body), []);
  assertEquals(found(listens("head.forward_start"), body).map((line) => line.split(" ")[2]), [
    "topics/undeclared",
    "topics/unused",
  ]);
});

Deno.test("compareUses() compares hosts by what a URL leads to", () => {
  const body = (url: string): string =>
    `readonly #network = inject(Network);\nrun(q) { return this.#network.fetch(${url}); }`;

  assertEquals(found(asks('net: ["a.com"]'), body('"https://A.com/x"')), []);
  assertEquals(found(asks('net: ["a.com"]'), body("`https://a.com/x?q=${q}`")), []);
  assertEquals(found(asks('net: ["a.com"]'), body('"https://b.com/x"')), [
    "main.ts:4 problem rights/undeclared It connects to b.com, which is not in permissions.net of plugin.yaml; add it there",
    "plugin.yaml:4 warning rights/unused a.com is in permissions.net, and nothing in the code uses it",
  ]);
  assertEquals(found(asks('net: ["a.com"]'), body("`https://${q}`")).map((line) => line.split(" ")[2]), [
    "rights/computed",
  ]);
  assertEquals(found("", body("q")).map((line) => line.split(" ").slice(0, 3).join(" ")), [
    "main.ts:4 note rights/computed",
    "main.ts:3 problem rights/undeclared",
  ]);
});

Deno.test("compareUses() tells reading of files from writing", () => {
  const constructor = "constructor(config, bus, readonly files = inject(Files)) { super(config, bus); }";
  const reads = `${constructor}\nrun() { return this.files.readText("data/a.txt"); }`;
  const writes = `${constructor}\nrun() { return this.files.write("out/a.txt", ""); }`;

  assertEquals(found(asks("read: [data]"), reads), []);
  assertEquals(found(asks("write: [out]"), writes), []);
  assertEquals(found(asks("write: [out]"), reads), [
    "main.ts:4 problem rights/undeclared It reads files, and there is nothing in permissions.read of plugin.yaml",
    "plugin.yaml:4 warning rights/unused out is in permissions.write, and nothing in the code uses it",
  ]);
  assertEquals(found("", constructor), [
    "main.ts:3 problem rights/undeclared It asks for Files, and there is nothing in permissions.read or permissions.write of plugin.yaml",
  ]);
  assertEquals(found(asks("read: [data]"), `${constructor}\nrun() { return helper(this.files); }`), []);
  assertEquals(found(asks("read: [data]"), "").length, 1);
});

Deno.test("compareUses() compares variables and services by their names", () => {
  const env = 'async run() { return await inject(Environment).get("LANG"); }';
  const services = 'constructor(config, bus, glossary = inject(service("glossary"))) { super(config, bus); }';

  assertEquals(found(asks("env: [LANG]"), env), []);
  assertEquals(found(asks("env: [LANGUAGE]"), env).length, 2);
  assertEquals(found(asks("services: [glossary]"), services), []);
  assertEquals(found("", services), [
    "main.ts:3 problem rights/undeclared It calls the service glossary, which is not in permissions.services of plugin.yaml; add it there",
  ]);
});

Deno.test("compareUses() takes no type for a use, and sees a namespace and another name", () => {
  const types = 'import { type Files, type Network as N, PluginPort } from "k-bert/sdk";';
  assertEquals(
    found("", "constructor(config, bus, files?: Files, n?: N) { super(config, bus); }", { imports: types }),
    [],
  );

  const space =
    'import * as sdk from "k-bert/sdk";\nimport { Files as Disk, inject as take } from "k-bert/sdk";';
  const uses = '#a = sdk.inject(sdk.Network); #b = take(Disk);\nrun() { this.#b.list("."); }';
  assertEquals(found("", uses, { imports: space }).length, 2);
});
