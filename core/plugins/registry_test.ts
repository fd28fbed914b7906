import { assertEquals, assertStrictEquals, assertThrows } from "../deps/assert.ts";
import { parseManifest } from "../manifest/schema.ts";
import { KBertError } from "../wall/errors.ts";
import { PluginRegistry } from "./registry.ts";
import type { DiscoveryProblem, FoundPlugin, ScanReport } from "./scan_report.ts";

function found(name: string, folder: string = name, port = "head"): FoundPlugin {
  const text = `name: ${name}\nversion: 1.0.0\nentry_points: { ${port}: main:Main }\n`;
  return {
    manifest: parseManifest(text, "plugin.yaml"),
    folder: `/work/plugins/${folder}`,
    place: "plugins",
    kind: "project",
  };
}

function report(plugins: FoundPlugin[], more: Partial<ScanReport> = {}): ScanReport {
  return { found: plugins, problems: [], skipped: [], places: ["plugins"], ...more };
}

function registryOf(...reports: ScanReport[]): PluginRegistry {
  const registry = new PluginRegistry();
  for (const one of reports) registry.add(one);
  return registry;
}

function refusal(registry: PluginRegistry, name: string): KBertError {
  return assertThrows(() => registry.require(name), KBertError);
}

Deno.test("PluginRegistry knows the plugins of all scans by name", () => {
  const [a, b] = [found("a"), found("b")];

  const registry = registryOf(report([b]), report([a]));

  assertEquals(registry.names, ["b", "a"]);
  assertStrictEquals(registry.get("a"), a);
  assertStrictEquals(registry.require("b"), b);
  assertEquals(registry.get("constructor"), undefined);
});

Deno.test("PluginRegistry.add() leaves a name to whoever had it first, and answers who did not get it", () => {
  const registry = registryOf(report([found("spam", "first")]));

  const problems = registry.add(report([found("spam", "second"), found("ham")]));

  assertEquals(registry.require("spam").folder, "/work/plugins/first");
  assertEquals(problems.map(({ code, path, plugin }) => [code, path, plugin]), [
    ["duplicate", "/work/plugins/second", "spam"],
  ]);
  assertEquals(registry.names, ["spam", "ham"]);
});

Deno.test("PluginRegistry.add() takes the manifest of a folder as it was read last", () => {
  const again = found("spam", "spam", "callback");
  const registry = registryOf(report([found("spam"), found("ham")]));

  const problems = registry.add(report([again]));

  assertEquals([problems, registry.names], [[], ["spam", "ham"]]);
  assertStrictEquals(registry.get("spam"), again);
});

Deno.test("PluginRegistry.withPort() answers the plugins with that entry point", () => {
  const registry = registryOf(report([found("a"), found("b", "b", "augmenter"), found("c")]));

  assertEquals(registry.withPort("head").map(({ manifest }) => manifest.name), ["a", "c"]);
  assertEquals(registry.withPort("feature"), []);
});

Deno.test("PluginRegistry.require() names the nearest plugin and the places", () => {
  const registry = registryOf(report([found("spam_head"), found("ham")]), report([], { places: ["/more"] }));

  const error = refusal(registry, "spam_haed");

  assertEquals(error.code, "plugin/unknown");
  assertEquals(error.detail, { plugin: "spam_haed", nearest: "spam_head" });
  assertEquals(
    error.message,
    "No plugin spam_haed was found, did you mean spam_head? It was looked for in plugins, /more",
  );
});

Deno.test("PluginRegistry.require() lists the known plugins if they are few", () => {
  const many = Array.from({ length: 11 }, (_, index) => found(`number_${index}`));
  const start = "No plugin colour was found";
  const messages: [ScanReport[], string][] = [
    [[], `${start}; it was looked for in no place`],
    [[report([])], `${start}; it was looked for in plugins`],
    [[report([found("ham")])], `${start}, there is ham; it was looked for in plugins`],
    [[report([found("ham"), found("spam")])], `${start}, there are ham, spam; it was looked for in plugins`],
    [[report(many)], `${start}; it was looked for in plugins`],
  ];

  for (const [reports, message] of messages) {
    assertEquals(refusal(registryOf(...reports), "colour").message, message);
  }
});

Deno.test("PluginRegistry.require() says which places were skipped, unless a later scan had the right", () => {
  const skipped = [{ place: "~/x", reason: "HOME is not set" }, { place: "/y", reason: "no right" }];
  const registry = registryOf(report([], { skipped }), report([], { places: ["/y"] }));

  assertEquals(
    refusal(registry, "spam").message,
    "No plugin spam was found; it was looked for in plugins, /y, and not in ~/x: HOME is not set",
  );
});

Deno.test("PluginRegistry.require() tells the problem of the plugin or folder of that name, as it was last", () => {
  const error = new KBertError("input/invalid", "too old", { name: "version" });
  const first: DiscoveryProblem = { path: "/p/spam", code: "manifest", message: "not yet" };
  const problems: DiscoveryProblem[] = [
    { path: "/p/spam", code: "manifest", message: "line 1" },
    { path: "/p/other", code: "incompatible", message: "too old", plugin: "ham", error },
  ];
  const registry = registryOf(report([], { problems: [first] }), report([], { problems }));

  assertEquals(refusal(registry, "spam").message, "No plugin spam was found because of a problem: line 1");
  assertEquals(refusal(registry, "spam").cause, undefined);
  assertEquals(refusal(registry, "ham").message, "No plugin ham was found because of a problem: too old");
  assertStrictEquals(refusal(registry, "ham").cause, error);
});

Deno.test("PluginRegistry.require() shows an odd name harmlessly", () => {
  assertEquals(refusal(registryOf(), "\x1b[2J").message.slice(0, 28), "No plugin \\u{1b}[2J was foun");
});
