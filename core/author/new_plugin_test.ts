import { assertEquals, assertMatch, assertRejects } from "../deps/assert.ts";
import { KBertError } from "../wall/errors.ts";
import { newPlugin } from "./new_plugin.ts";
import { pathsIn } from "../../tests/fixtures/tiny_run.ts";

/** A folder that is gone afterwards. */
async function workplace(): Promise<{ readonly path: string } & AsyncDisposable> {
  const path = await Deno.makeTempDir();
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

Deno.test("newPlugin() writes into a folder that is there and empty, and makes those above one that is not", async () => {
  await using place = await workplace();
  await Deno.mkdir(`${place.path}/empty`);

  await newPlugin({ name: "a", port: "plugin", folder: `${place.path}/empty` });
  await newPlugin({ name: "b", port: "callback", folder: `${place.path}/deep/er/b/` });

  const files = ["README.md", "deno.json", "plugin.yaml"];
  assertEquals(
    pathsIn(`${place.path}/empty`),
    [".gitignore", "README.md", "a.ts", "a_test.ts", ...files.slice(1)].sort(),
  );
  assertEquals(pathsIn(`${place.path}/deep/er`), [
    ...["b", "b/.gitignore", "b/README.md", "b/b.ts", "b/b_test.ts", "b/deno.json", "b/plugin.yaml"],
  ]);
});

Deno.test("newPlugin() leaves a folder alone that has something in it, and a file", async () => {
  await using place = await workplace();
  await Deno.writeTextFile(`${place.path}/notes.txt`, "mine");
  const refusal = (folder: string): Promise<KBertError> =>
    assertRejects(() => newPlugin({ name: "a", port: "head", folder }), KBertError);

  assertMatch(
    (await refusal(place.path)).message,
    /there is something in it already; name a folder that is empty/,
  );
  assertMatch(
    (await refusal(`${place.path}/notes.txt`)).message,
    /^Cannot make the plugin in .*notes\.txt: /,
  );
  assertMatch((await refusal(`${place.path}/notes.txt/below`)).message, /^Cannot make the plugin in /);
  assertEquals(pathsIn(place.path), ["notes.txt"]);
});

Deno.test("newPlugin() leaves nothing behind when it cannot write everything", async () => {
  await using place = await workplace();
  const write = Deno.writeTextFile;
  let left = 3;
  using _restore = { [Symbol.dispose]: () => void (Deno.writeTextFile = write) };
  Deno.writeTextFile = (...args): Promise<void> => {
    return left-- > 0 ? write(...args) : Promise.reject(new Error("the disk is full"));
  };

  const making = newPlugin({ name: "a", port: "head", folder: `${place.path}/a` });

  await assertRejects(() => making, KBertError, "the disk is full");
  assertEquals(pathsIn(place.path), []);
});

Deno.test("newPlugin() fills the README in from the manifest and the source", async () => {
  await using place = await workplace();
  await newPlugin({ name: "my-lags", port: "feature", folder: `${place.path}/my-lags` });

  const readme = await Deno.readTextFile(`${place.path}/my-lags/README.md`);

  for (
    const part of [
      "# my-lags",
      "## Use",
      "| `rows_back` | int, 1 or more | 1 |",
      "## Events",
      "## Performance",
    ]
  ) {
    assertEquals(readme.includes(part), true, part);
  }
  assertEquals(readme.includes("do not edit"), false);
});
