import { Project } from "../../tests/fixtures/place.ts";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "../deps/assert.ts";
import { buildImage } from "../security/image.ts";
import { readLock } from "../security/lock_file.ts";
import { lockedImage } from "../security/locked_image.ts";
import { pluginSource } from "../security/source.ts";
import { KBertError } from "../wall/errors.ts";
import { addMissing, addPlugin, updatePlugin } from "./add.ts";
import type { Change, ChangeOptions } from "./change.ts";
import { type HeldPlace, holdPlace } from "./place.ts";
import type { Proposal } from "./proposal.ts";
import { parseRegistry } from "./registry_file.ts";
import { removePlugin } from "./remove.ts";
import { makeSigningKey, sign } from "./signature.ts";

const agree: ChangeOptions = {
  agree: () => Promise.resolve(true),
  signal: new AbortController().signal,
};

const refuse: ChangeOptions = { ...agree, agree: () => Promise.resolve(false) };

/** Does something with the place held. */
async function inPlace<T>(project: Project, work: (place: HeldPlace) => Promise<T>): Promise<T> {
  await using place = await holdPlace(project.place);
  return await work(place);
}

const add = (project: Project, path: string, options = agree): Promise<Change> =>
  inPlace(project, (place) => addPlugin({ source: "local", path }, place, options));
const update = (project: Project, name: string, options = agree): Promise<Change> =>
  inPlace(project, (place) => updatePlugin(name, place, options));
const restore = (project: Project): Promise<Change[]> =>
  inPlace(project, (place) => addMissing(place, agree));

async function failure(work: () => Promise<unknown>, code: string): Promise<string> {
  const error = await assertRejects(work, KBertError);
  assertEquals(error.code, code, error.message);
  return error.message;
}

Deno.test("addPlugin() copies a plugin, and writes down where it is from and what it is", async () => {
  await using project = await Project.make();
  await project.write("mood", { manifest: "permissions: { net: [example.com:443] }\n" });
  await Deno.writeTextFile(`${project.root}/mood/notes.txt`, "mine");

  const { outcome, proposal } = await add(project, "mood");

  assertEquals([outcome, proposal.permissions.now], ["added", ["connect to example.com:443"]]);
  const files = await project.tree();
  assertEquals(Object.keys(files).sort(), [
    ...["plugins/k-bert.lock", "plugins/mood/main.ts", "plugins/mood/plugin.yaml", "plugins/registry.yaml"],
  ]);
  assertEquals(parseRegistry(files["plugins/registry.yaml"]!, "registry.yaml").plugins, [
    { name: "mood", source: "local", path: "mood" },
  ]);
  const { sha256 } = await lockedImage(`${project.place}/mood`);
  assertEquals((await readLock(project.place)).get("mood")?.sha256, sha256);
  assertEquals(proposal.sha256, sha256);
});

Deno.test("addPlugin() leaves no trace if nobody agrees", async () => {
  await using project = await Project.make();
  await project.write("mood");

  const { outcome } = await add(project, "mood", refuse);

  assertEquals(outcome, "refused");
  assertEquals([...Deno.readDirSync(project.root)].map(({ name }) => name), ["mood"]);
});

Deno.test("addPlugin() refuses a name that belongs to another plugin, and changes nothing", async (t) => {
  await using project = await Project.make();
  await project.write("mood");
  await project.write("other", { name: "mood", code: "2" });
  await project.write("plugins/own");
  await project.write("elsewhere/own");
  await add(project, "mood");
  const before = await project.tree();

  await t.step("one from another source", async () => {
    const message = await failure(() => add(project, "other"), "source/refused");
    assertStringIncludes(message, "there is a plugin of this name from mood; remove it first");
  });
  await t.step("one that the user has made", async () => {
    const message = await failure(() => add(project, "elsewhere/own"), "source/refused");
    assertStringIncludes(message, "own is there already and was not added by this command");
  });
  assertEquals(await project.tree(), before);
});

Deno.test("addPlugin() warns of a name that is easily mistaken for another one", async () => {
  await using project = await Project.make();
  await project.write("sentiment_head");
  await project.write("sentimemt-head");
  await add(project, "sentiment_head");

  const { proposal } = await add(project, "sentimemt-head");

  assertEquals(proposal.warnings, ["its name is like that of sentiment_head, which is another plugin"]);
});

Deno.test("addPlugin() refuses what does not fit the plugins that are there, and changes nothing", async () => {
  await using project = await Project.make();
  await project.write("tokens", { version: "1.1.0" });
  await project.write("mood", { manifest: "dependencies: [tokens>=1.2.0]\n" });
  const words = await failure(() => add(project, "mood"), "plugin/dependency");
  assertStringIncludes(words, "mood 1.0.0 needs tokens >=1.2.0, and there is none; add tokens first");
  await add(project, "tokens");
  const before = await project.tree();

  const message = await failure(() => add(project, "mood"), "plugin/dependency");

  assertStringIncludes(message, "needs tokens >=1.2.0, and tokens is 1.1.0; run plugin update tokens");
  assertEquals(await project.tree(), before);
});

Deno.test("addPlugin() refuses a plugin for another version of k-bert, and changes nothing", async () => {
  await using project = await Project.make();
  await project.write("mood", { manifest: "compatibility: { k_bert_version: '>=9.0.0' }\n" });

  const message = await failure(() => add(project, "mood"), "plugin/incompatible");

  assertStringIncludes(message, "needs k-bert >=9.0.0");
  assertEquals(await project.tree(), {});
});

Deno.test("updatePlugin() shows how code, rights, topics and needs differ before it asks", async () => {
  await using project = await Project.make();
  const events = (emits: string): string => `events: { emits: [${emits}] }\n`;
  await project.write("mood", { manifest: events("mood.found") });
  await add(project, "mood");
  const manifest = `${events("mood.lost")}permissions: { net: [example.com:443] }\n`;
  await project.write("mood", { version: "1.1.0", code: "[1, 2, 3]", manifest });
  const before = await project.tree();
  const asked: Proposal[] = [];

  const { outcome } = await update(project, "mood", {
    ...agree,
    agree: (proposal) => Promise.resolve(asked.push(proposal) === 0),
  });

  assertEquals([outcome, await project.tree()], ["refused", before]);
  const [proposal] = asked;
  assert(proposal !== undefined);
  assertEquals([proposal.versionBefore, proposal.version], ["1.0.0", "1.1.0"]);
  assertEquals(proposal.bytes - proposal.bytesBefore!, "[1, 2, 3]".length - "1".length);
  assertEquals(proposal.files.changed, ["main.ts has changed", "plugin.yaml has changed"]);
  assertEquals(proposal.permissions.added, ["connect to example.com:443"]);
  assertEquals([proposal.emits.added, proposal.emits.removed], [["mood.lost"], ["mood.found"]]);

  assertEquals((await update(project, "mood")).outcome, "updated");
  assertEquals((await lockedImage(`${project.place}/mood`)).manifest.version, "1.1.0");
  assertEquals((await update(project, "mood")).outcome, "unchanged");
});

Deno.test("updatePlugin() says that changes in the folder will be lost, and refuses what others cannot use", async () => {
  await using project = await Project.make();
  await project.write("tokens");
  await project.write("mood", { manifest: "dependencies: [tokens@^1.0.0]\n" });
  await add(project, "tokens");
  await add(project, "mood");
  await project.write("plugins/mood", { code: "'mine'", manifest: "dependencies: [tokens@^1.0.0]\n" });

  const { proposal } = await update(project, "mood", refuse);
  assertStringIncludes(proposal.warnings[0]!, "these changes will be lost");

  await project.write("tokens", { version: "2.0.0" });
  const message = await failure(() => update(project, "tokens"), "plugin/dependency");
  assertStringIncludes(message, "mood 1.0.0 needs tokens ^1.0.0, and tokens is 2.0.0");
});

Deno.test("updatePlugin() knows only what was added", async () => {
  await using project = await Project.make();

  assertStringIncludes(await failure(() => update(project, "mood"), "plugin/unknown"), "has no plugin mood");
});

Deno.test("updatePlugin() warns of a version that is older than the one that is there", async () => {
  await using project = await Project.make();
  await project.write("mood", { version: "1.2.0" });
  await add(project, "mood");
  await project.write("mood", { version: "1.1.9" });

  const { proposal } = await update(project, "mood", refuse);

  assertStringIncludes(proposal.warnings[0]!, "this version is older than the one that is there");
});

Deno.test("a plugin that was signed once has to be signed with the same key, unless somebody says otherwise", async () => {
  await using project = await Project.make();
  const [ada, eve] = [await makeSigningKey(), await makeSigningKey()];
  const write = async (version: string, key: CryptoKey | undefined): Promise<void> => {
    await project.write("mood", { version });
    const file = `${project.root}/mood/signature.json`;
    await Deno.remove(file).catch(() => {});
    if (key === undefined) return;
    const image = await buildImage(pluginSource(`${project.root}/mood`));
    await Deno.writeTextFile(file, JSON.stringify(await sign(image, key)));
  };
  await write("1.0.0", ada.privateKey);
  const first = await add(project, "mood");
  assertEquals(first.proposal.signature, { key: ada.publicKey, isKnown: false });

  await write("1.1.0", ada.privateKey);
  assertEquals((await update(project, "mood")).proposal.signature, { key: ada.publicKey, isKnown: true });
  const before = await project.tree();
  await write("1.2.0", eve.privateKey);
  const other = await failure(() => update(project, "mood"), "plugin/signature");
  assertStringIncludes(
    other,
    `it was signed with ${ada.publicKey}, and it is signed with ${eve.publicKey} now`,
  );
  await write("1.2.0", undefined);
  const none = await failure(() => add(project, "mood"), "plugin/signature");
  assertStringIncludes(none, "it is not signed any more; ask its author");
  await write("1.2.0", ada.privateKey);
  await project.write("mood", { version: "1.2.0", code: "'changed after it was signed'" });
  await failure(() => update(project, "mood"), "plugin/signature");
  assertEquals(await project.tree(), before);

  await write("1.2.0", eve.privateKey);
  assertEquals((await update(project, "mood", { ...agree, acceptKey: true })).outcome, "updated");
  assertEquals((await readLock(project.place)).get("mood")?.key, eve.publicKey);
});

Deno.test("addMissing() brings back exactly what the lock says, or nothing", async () => {
  await using project = await Project.make();
  await project.write("mood");
  await add(project, "mood");
  const before = await project.tree();
  await Deno.remove(`${project.place}/mood`, { recursive: true });

  const [restored] = await restore(project);

  assertEquals(restored?.outcome, "restored");
  assertEquals(await project.tree(), before);
  assertEquals((await restore(project))[0]?.outcome, "unchanged");

  await Deno.remove(`${project.place}/mood`, { recursive: true });
  await project.write("mood", { code: "'swapped'" });
  const gone = await project.tree();
  const message = await failure(() => restore(project), "plugin/locked");
  assertStringIncludes(message, "main.ts has changed; if the change is right, run plugin update mood");
  assertEquals(await project.tree(), gone);
});

Deno.test("addMissing() takes nobody's changes away without asking", async () => {
  await using project = await Project.make();
  await project.write("mood");
  await add(project, "mood");
  const before = await project.tree();
  await project.write("plugins/mood", { code: "'mine'" });
  const changed = await project.tree();
  const asked: Proposal[] = [];
  const no = { ...agree, agree: (proposal: Proposal) => Promise.resolve(asked.push(proposal) === 0) };

  const [refused] = await inPlace(project, (place) => addMissing(place, no));

  assertEquals([refused?.outcome, await project.tree()], ["refused", changed]);
  assertStringIncludes(asked[0]!.warnings[0]!, "these changes will be lost");
  assertEquals((await restore(project))[0]?.outcome, "restored");
  assertEquals(await project.tree(), before);
});

Deno.test("addMissing() adds what somebody has written into the registry, under that name only", async () => {
  await using project = await Project.make();
  await project.write("mood");
  await Deno.mkdir(project.place);
  const registry = (name: string): Promise<void> =>
    Deno.writeTextFile(
      `${project.place}/registry.yaml`,
      `# by hand\nplugins:\n  - { name: ${name}, source: local, path: ./mood }\n`,
    );
  await registry("temper");
  const message = await failure(() => restore(project), "source/refused");
  assertStringIncludes(message, "./mood gave a plugin that is called mood, and temper was wanted");

  await registry("mood");
  assertEquals((await restore(project)).map(({ outcome }) => outcome), ["added"]);
  assertStringIncludes((await project.tree())["plugins/registry.yaml"]!, "# by hand\n");
});

Deno.test("a source in the place itself is locked where it lies, and stays when it is removed", async () => {
  await using project = await Project.make();
  await project.write("plugins/mood");
  await Deno.writeTextFile(`${project.place}/mood/mood_test.ts`, "// mine\n");

  await add(project, "./plugins/mood");
  await project.write("plugins/mood", { code: "2" });
  await failure(() => lockedImage(`${project.place}/mood`), "plugin/locked");
  assertEquals((await update(project, "mood")).outcome, "updated");
  await lockedImage(`${project.place}/mood`);
  await inPlace(project, (place) => removePlugin("mood", place));

  assertEquals(Object.keys(await project.tree()).sort(), [
    ...["plugins/mood/main.ts", "plugins/mood/mood_test.ts", "plugins/mood/plugin.yaml"],
    "plugins/registry.yaml",
  ]);
});

Deno.test("a change that cannot be written down to its end leaves everything as it was", async () => {
  await using project = await Project.make();
  await project.write("mood");
  await add(project, "mood");
  await project.write("mood", { code: "2" });
  await Deno.mkdir(`${project.place}/k-bert.lock.partial/x`, { recursive: true });
  const before = await project.tree();

  assertStringIncludes(await failure(() => update(project, "mood"), "file/unusable"), "k-bert.lock");

  assertEquals(await project.tree(), before);
  await lockedImage(`${project.place}/mood`);
});

Deno.test("removePlugin() takes out what was added, unless another one needs it or somebody has changed it", async () => {
  await using project = await Project.make();
  await project.write("tokens");
  await project.write("mood", { manifest: "dependencies: [tokens]\n" });
  await add(project, "tokens");
  await add(project, "mood");
  const remove = (name: string, force?: boolean): Promise<void> =>
    inPlace(project, (place) => removePlugin(name, place, force));

  assertStringIncludes(await failure(() => remove("tokens"), "plugin/dependency"), "remove mood first");
  await project.write("plugins/mood", { code: "'mine'", manifest: "dependencies: [tokens]\n" });
  assertStringIncludes(await failure(() => remove("mood"), "plugin/locked"), "with --force");
  await remove("mood", true);
  await remove("tokens");
  await failure(() => remove("tokens"), "plugin/unknown");

  assertEquals(await project.tree(), { "plugins/registry.yaml": "plugins: []\n" });
});

Deno.test("two programs that change a place at once take turns, and both changes are there", async () => {
  await using project = await Project.make();
  const names = ["a", "b", "c", "d"];
  for (const name of names) await project.write(name);

  await Promise.all(names.map((name) => add(project, name)));

  assertEquals([...(await readLock(project.place)).keys()], names);
  for (const name of names) await lockedImage(`${project.place}/${name}`);
});
