/**
 * Reloads by a manager, of plugins in folders on disk: what is refused before anything runs, what is told, and in
 * which order reloads of one plugin come.
 *
 * @module
 */
import { codeOf, type EditedOptions, EditedPlugin, whoIs } from "../../tests/fixtures/edited_plugin.ts";
import { fakeTime } from "../../core/deps/fake_timers.ts";
import { imageOf, type TestPlugin } from "../../tests/fixtures/test_plugins.ts";
import { assert, assertEquals, assertMatch, assertRejects } from "../deps/assert.ts";
import { KBertError } from "../wall/errors.ts";

/** How a reload that is to fail does. */
async function refusal(edited: EditedPlugin): Promise<KBertError> {
  const error = await assertRejects(() => edited.test.manager.reload("sample"), KBertError);
  assertEquals(error.code, "plugin/reload");
  return error;
}

Deno.test("PluginManager.reload() lets what the folder is now take over, and says what it did", async () => {
  using clock = fakeTime(5_000);
  await using edited = await EditedPlugin.start();
  const { manager } = edited.test;
  const from = edited.plugin.image.sha256;
  await edited.become("second");

  const result = await manager.reload("sample");

  const to = edited.plugin.image.sha256;
  assert(result.kind === "reloaded");
  assertEquals([result.plugin, result.from, result.to, result.fresh], ["sample", from, to, []]);
  assertEquals(Object.keys(result.phasesMs), [
    ...["build", "start", "initialize", "drain", "capture", "restore", "activate"],
  ]);
  assertEquals(edited.test.heard("plugin.reloaded"), [{
    plugin_name: "sample",
    plugin_path: edited.path,
    timestamp: clock.now,
    from_sha256: from,
    to_sha256: to,
    phases_ms: result.phasesMs,
    pause_ms: result.pauseMs,
    calls_held: 0,
    began_anew: [],
  }]);
  assertEquals([from === to, await edited.ask(), edited.running], [false, "second", ["second"]]);
  assertEquals(edited.test.heard("plugin.reload_failed"), []);
});

Deno.test("PluginManager.reload() does nothing if the code is what runs already", async () => {
  await using edited = await EditedPlugin.start();
  const { manager, places } = edited.test;
  await edited.become("first"); // saved again
  await edited.save({ "lib/other.ts": "export {};", "README.md": "new" }); // and what no file imports
  edited.test.events.length = 0;

  const result = await manager.reload("sample");

  const { sha256 } = edited.plugin.image;
  assertEquals([result, places.length], [{ kind: "unchanged", plugin: "sample", sha256 }, 1]);
  assertEquals([edited.test.events, edited.plugin.previous], [[], undefined]);
});

const SETTINGS = "configuration: { width: { type: int, default: 4, min: 1 } }\n";
const YAML = "name: sample\nversion: 1.0.0\nentry_points: { plugin: lib/main:Main }\n";

/** What a save may be, what is said of it, and where in the source that is. */
const REFUSED: Readonly<
  Record<string, {
    readonly save: Readonly<Record<string, string>>;
    readonly says: RegExp;
    readonly place?: Readonly<Record<string, unknown>>;
    readonly start?: EditedOptions;
  }>
> = {
  "a syntax error": {
    save: { "lib/main.ts": "export class Main {\n  greet( {\n}\n" },
    says: /lib\/main\.ts:\d+/,
    place: { file: "lib/main.ts" },
  },
  "an import that is not allowed": {
    save: { "lib/main.ts": 'import "https://example.com/a.ts";\nexport class Main {}\n' },
    says: /https:\/\/example\.com\/a\.ts/,
    place: { file: "lib/main.ts" },
  },
  "a file that is gone": {
    save: { "lib/main.ts": 'import "./gone.ts";\nexport class Main {}\n' },
    says: /gone\.ts/,
  },
  "a manifest that is none": {
    save: { "plugin.yaml": "name: sample\nversion: new\nentry_points: { plugin: lib/main:Main }\n" },
    says: /version/,
    place: { file: "plugin.yaml", line: 2, column: 1 },
  },
  "another name": {
    save: { "plugin.yaml": YAML.replace("sample", "simple") },
    says: /it is simple now, and it was sample; load it as another plugin/,
    place: { file: "plugin.yaml" },
  },
  "another port": {
    save: { "plugin.yaml": YAML.replace("plugin:", "augmenter:") },
    says: /has no plugin; it offers augmenter/,
  },
  "settings that the user's do not fit": {
    start: { manifest: SETTINGS, load: { settings: { width: 8 } } },
    save: { "plugin.yaml": `${YAML}${SETTINGS.replace("min: 1", "max: 6")}` },
    says: /width/,
  },
  "a newer k-bert": {
    save: { "plugin.yaml": `${YAML}compatibility: { k_bert_version: ">=99.0.0" }\n` },
    says: />=99\.0\.0/,
  },
  "another plugin that is not there": {
    save: { "plugin.yaml": `${YAML}dependencies: [words]\n` },
    says: /words/,
  },
};

Deno.test("PluginManager.reload() refuses what it can before anything of it runs, and says where it is wrong", async (t) => {
  for (const [what, { save, says, place = {}, start = {} }] of Object.entries(REFUSED)) {
    await t.step(what, async () => {
      await using edited = await EditedPlugin.start(start);
      await edited.save(save);

      const error = await refusal(edited);

      assertMatch(error.message, says);
      assert(error.message.endsWith("; the version before goes on"), error.message);
      const [told, ...more] = edited.test.heard("plugin.reload_failed") as Record<string, unknown>[];
      const { phase, plugin_path } = told!;
      assertEquals([phase, plugin_path, more], ["build", edited.path, []]);
      assertMatch(String(told!["error"]), says);
      for (const [key, value] of Object.entries(place)) assertEquals([key, told![key]], [key, value]);
      assertEquals([edited.test.places.length, await edited.ask()], [1, "first"]);

      await edited.save({ "plugin.yaml": `${YAML}${start.manifest ?? ""}`, "lib/main.ts": codeOf("good") });
      await edited.test.manager.reload("sample");
      assertEquals([await edited.ask(), edited.test.heard("plugin.reload_failed").length], ["good", 1]);
    });
  }
});

Deno.test("PluginManager.reload() minds who needs whom, in both directions", async (t) => {
  const saved = (version: string, needs = ""): Record<string, string> => ({
    "plugin.yaml": `${YAML.replace("1.0.0", version)}${needs && `dependencies: ["${needs}"]\n`}`,
  });
  const cases: [what: string, words: string, save: Record<string, string>, says?: RegExp][] = [
    ["it needs what is there", "", saved("1.1.0", "words>=1.2.0")],
    ["it needs a newer one", "", saved("1.1.0", "words>=2.0.0"), /needs words >=2\.0\.0/],
    ["it is needed, and new enough", "sample>=1.0.0", saved("1.1.0")],
    ["it is needed, and became too old", "sample>=1.0.0", saved("0.9.0"), /needs sample >=1\.0\.0/],
    ["each needs the other", "sample>=1.0.0", saved("1.1.0", "words>=1.0.0"), /sample.*words|words.*sample/],
  ];
  for (const [what, words, save, says] of cases) {
    await t.step(what, async () => {
      await using edited = await EditedPlugin.start();
      const other = `version: 1.5.0\n${words && `dependencies: ["${words}"]\n`}`;
      await edited.test.manager.start(await imageOf("words", other));
      await edited.save(save);
      if (!says) {
        await edited.test.manager.reload("sample");
        assertEquals(edited.plugin.version, "1.1.0");
        return;
      }
      const error = await refusal(edited);
      assertEquals([(error.cause as KBertError).code, edited.plugin.version], ["plugin/dependency", "1.0.0"]);
      assertMatch(error.message, says);
    });
  }
});

/** Whoever is asked for the state is the old version. */
function failingIn(phase: string, fail: () => never): TestPlugin {
  const who = phase === "$capture" ? "first" : "second";
  return ({ method }, { code }) => method === phase && whoIs(code) === who ? fail() : undefined;
}

Deno.test("PluginManager.reload() says once in which phase it failed, and where in the source", async (t) => {
  for (const method of ["$load", "$initialize", "$capture", "$restore", "$activate"]) {
    const phase = method === "$load" ? "start" : method.slice(1);
    await t.step(method, async () => {
      const thrown = new TypeError("soup is not a function");
      thrown.stack =
        "TypeError: soup is not a function\n    at cook (plugin:///lib/main.ts:2:7)\n    at k-bert";
      await using edited = await EditedPlugin.start({
        serve: failingIn(method, () => {
          throw thrown;
        }),
      });
      await edited.become("second");

      const error = await refusal(edited);

      const place = { file: "lib/main.ts", line: 2, column: 7 };
      assertEquals(error.detail, { plugin: "sample", phase, ...place });
      assertMatch(error.message, /soup is not a function \(lib\/main\.ts:2:7\); the version before goes on$/);
      const [told, ...more] = edited.test.heard("plugin.reload_failed") as Record<string, unknown>[];
      const { timestamp: _, error: said, ...rest } = told!;
      assertEquals(rest, { plugin_name: "sample", plugin_path: edited.path, phase, ...place });
      assertMatch(String(said), /soup is not a function$/);
      assertEquals([more, edited.running, await edited.ask()], [[], ["first"], "first"]);
      const others = edited.test.events.map(([topic]) => topic).filter((topic) =>
        topic.startsWith("plugin.")
      );
      assertEquals(others, ["plugin.initialized", "plugin.activated", "plugin.reload_failed"]);
    });
  }
});
