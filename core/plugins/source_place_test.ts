import { assertEquals, assertRejects } from "../deps/assert.ts";
import { buildImage } from "../security/image.ts";
import { KBertError } from "../wall/errors.ts";
import { PluginError, toFailure } from "../wall/failure.ts";
import { placeOf } from "./source_place.ts";

const MANIFEST = "name: sample\nversion: 1.0.0\nentry_points:\n  plugin: main:Main\n";

/** What is said of a plugin with these files, which cannot be made into an image. */
async function refusal(files: Record<string, string>): Promise<KBertError> {
  const all: Record<string, string> = {
    "plugin.yaml": MANIFEST,
    "main.ts": "export class Main {}",
    ...files,
  };
  const image = (): Promise<unknown> =>
    buildImage({
      name: "sample",
      location: "memory",
      read: (file) => Promise.resolve(new TextEncoder().encode(all[file])),
    });
  return await assertRejects(image, KBertError);
}

/** An error of a plugin's code with this stack, as it arrives in the host. */
function thrownAt(...frames: string[]): PluginError {
  const error = new TypeError("no soup");
  error.stack = ["TypeError: no soup", ...frames.map((frame) => `    at ${frame}`)].join("\n");
  return new PluginError(toFailure(error));
}

function failed(cause: unknown): KBertError {
  const detail = { plugin: "sample", method: "$initialize" };
  return new KBertError("call/failed", "The plugin sample cannot be initialized: no soup", detail, { cause });
}

Deno.test("placeOf() finds what is wrong with a plugin's files, as their author sees them", async (t) => {
  const cases: [what: string, files: Record<string, string>, place: unknown][] = [
    ["syntax", { "main.ts": "// one\nexport class Main {}\nconst = 5;\n" }, {
      file: "main.ts",
      line: 3,
    }],
    ["a type that cannot be taken away", {
      "main.ts": "export class Main {}\n\nnamespace N { export * from './n.ts'; }",
    }, {
      ...{ file: "main.ts", line: 3 },
    }],
    ["an import that is not allowed", {
      "main.ts": 'import "./lib/part.ts";',
      "lib/part.ts": '\nimport "fs";',
    }, {
      ...{ file: "lib/part.ts", line: 2 },
    }],
    ["a key of the manifest", { "plugin.yaml": `${MANIFEST}limits:\n  callMs: soon\n` }, {
      ...{ file: "plugin.yaml", line: 6, column: 3 },
    }],
    ["a manifest that is no document", { "plugin.yaml": "name: sample\nversion: [1.0.0\n" }, {
      ...{ file: "plugin.yaml", line: 3, column: 1 },
    }],
  ];
  for (const [what, files, place] of cases) {
    await t.step(what, async () => assertEquals(placeOf(await refusal(files)), place));
  }
});

Deno.test("placeOf() takes the innermost frame of the plugin's own code", () => {
  const error = thrownAt(
    "JSON.parse (<anonymous>)",
    "readWords (plugin:///lib/words.ts:12:34)",
    "Main.initialize (plugin:///main.ts:5:6)",
    "PluginInstance.initialize (file:///somewhere/workers/plugin_instance.ts:40:7)",
  );

  const place = { file: "lib/words.ts", line: 12, column: 34 };
  assertEquals(placeOf(error), place);
  assertEquals(placeOf(failed(error)), place);
  assertEquals(placeOf(new Error("why", { cause: failed(error) })), place);
});

Deno.test("placeOf() knows no place of an error that is not about the plugin's source", () => {
  const elsewhere = thrownAt("connect (file:///somewhere/workers/boot.ts:12:34)", "plugin:///:1:2");
  const closed = new KBertError("plugin/closed", "The plugin sample cannot be called: main.ts:7", {
    ...{ plugin: "sample", reason: "main.ts:7" },
  });
  const imageless = new KBertError("plugin/image", "too many modules: main.ts:7", { plugin: "sample" });

  const problems = [{ line: 4, column: 7, path: "depth", message: "found 5, expected at most 4" }];
  const settings = ["the settings of sample", "work/k-bert.yaml"].map((file) =>
    new KBertError("document/invalid", `${file}: depth: found 5`, { file, problems })
  );

  for (
    const thrown of [...settings, elsewhere, failed(elsewhere), closed, imageless, undefined, "main.ts:7", {}]
  ) {
    assertEquals(placeOf(thrown), undefined);
  }
});

Deno.test("placeOf() names a file of which no line is known", () => {
  const detail = { plugin: "sample", file: "vendor/a.js" };
  const of = (message: string): unknown => placeOf(new KBertError("plugin/image", message, detail));

  assertEquals(of("Cannot load the plugin sample: there is no vendor/a.js"), { file: "vendor/a.js" });
  assertEquals(of("vendor/a.js: unreadable"), { file: "vendor/a.js" });
  assertEquals(of("vendor/a.js:7"), { file: "vendor/a.js", line: 7 });
  assertEquals(of("Cannot read vendor/a.js:7:21: no"), { file: "vendor/a.js", line: 7, column: 21 });
});

Deno.test("placeOf() prefers what an error says itself to what its cause says", () => {
  const detail = { plugin: "sample", file: "main.ts" };
  const cause = thrownAt("plugin:///lib/words.ts:12:34");
  const error = new KBertError("plugin/image", "Cannot read main.ts:7", detail, { cause });

  assertEquals(placeOf(error), { file: "main.ts", line: 7 });
});

Deno.test("placeOf() ends with an error that is its own cause", () => {
  const error = new Error("why");
  error.cause = new Error("because", { cause: error });

  assertEquals(placeOf(error), undefined);
});

Deno.test("placeOf() takes numbers of a hostile stack only in a form that can be a place", () => {
  const long = "x".repeat(5_000);
  for (const frame of [`plugin:///${long}:1:2`, "plugin:///a.ts:99999999999:1", "plugin:///a b.ts:x:1"]) {
    assertEquals(placeOf(thrownAt(frame)), undefined);
  }
  assertEquals(placeOf(thrownAt("plugin:///\u001b[2Ja.ts:1:2")), {
    file: "\\u001b[2Ja.ts",
    line: 1,
    column: 2,
  });
});
