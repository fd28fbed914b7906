/**
 * The way of a plugin as its author and its user go it, from an empty folder to a training in somebody else's
 * project, with the commands themselves.
 *
 * @module
 */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "../core/deps/assert.ts";
import { CHECKOUT } from "./fixtures/checkout_server.ts";
import { kBert, type ProgramRun, userScript } from "./fixtures/k_bert.ts";
import { pathsIn, tinyData, tinyYaml, withTempFolder } from "./fixtures/tiny_run.ts";

/** Trains with `k-bert.yaml` on `texts.json`, as the README has it. */
const TRAIN = `import { createRuntime, loadTrainingConfig, runProgram } from ${
  JSON.stringify(new URL("mod.ts", CHECKOUT).href)
};

await runProgram(async () => {
  const config = await loadTrainingConfig("k-bert.yaml");
  await using runtime = await createRuntime();
  const outcome = await runtime.fineTune({ config, ...JSON.parse(await Deno.readTextFile("texts.json")) });
  console.log(outcome.kind);
  return "done";
});
`;

async function done(folder: string, ...args: string[]): Promise<ProgramRun> {
  const run = await kBert(folder, args);
  assertEquals(run.code, 0, run.stdout + run.stderr);
  return run;
}

async function edit(file: string, from: string, to: string): Promise<void> {
  const text = await Deno.readTextFile(file);
  assertStringIncludes(text, from);
  await Deno.writeTextFile(file, text.replace(from, to));
}

Deno.test("a head is made, edited, tested, tried, packed, added to another project, and trained there", async (t) => {
  await using temporary = await withTempFolder();
  const root = await Deno.realPath(temporary.path);
  const [author, user] = [`${root}/author`, `${root}/user`];
  await Deno.mkdir(author);
  await Deno.mkdir(user);
  const folder = `${author}/my_head`;

  await t.step("new", async () => {
    await done(author, "plugin", "new", "my_head", "--type", "head");
    assertStringIncludes((await done(author, "plugin", "check", "my_head")).stderr, "in order");
  });
  await t.step("edit, and be told what does not fit", async () => {
    const code = `${folder}/my_head.ts`;
    await edit(code, '"head.forward_complete"', '"head.forward_completed"');
    const { code: status, stdout } = await kBert(author, ["plugin", "check", "my_head"]);
    assertEquals(status, 1);
    assertMatch(stdout, /my_head\.ts:\d+.*head\.forward_completed/);
    await edit(code, '"head.forward_completed"', '"head.forward_complete"');
    await edit(code, "tf.tanh(", "tf.relu(");
  });
  await t.step("test", async () => {
    const { stdout } = await done(folder, "plugin", "test");
    assertMatch(stdout, /3 passed/);
  });
  await t.step("dev", async () => {
    const { stdout } = await done(author, "plugin", "dev", "my_head", "--once");
    assertMatch(stdout, /predict +[\d.]+ ms/);
  });
  const archive = `${author}/my_head-0.1.0.tgz`;
  await t.step("pack, twice the same", async () => {
    const first = JSON.parse((await done(author, "plugin", "pack", "my_head", "--json")).stdout);
    await Deno.utime(`${folder}/my_head.ts`, 1, 1);
    const again = JSON.parse((await done(author, "plugin", "pack", "my_head", "--json")).stdout);
    assertEquals(again.archiveSha256, first.archiveSha256);
  });
  await t.step("look inside, before it is added", async () => {
    const info = JSON.parse(
      (await done(user, "plugin", "info", "../author/my_head-0.1.0.tgz", "--json")).stdout,
    );
    assertEquals([info.contents.name, info.contents.permissions.now, info.listed], [
      "my_head",
      [],
      undefined,
    ]);
    assertEquals([...Deno.readDirSync(user)], []);
  });
  await t.step("add, in another project", async () => {
    const { stdout } = await done(user, "plugin", "add", archive, "--yes");
    assertStringIncludes(stdout, "asks to   nothing: it may only compute");
    const [listed] = (await done(user, "plugin", "list", "--json")).stdout.trim().split("\n").map((line) =>
      JSON.parse(line)
    );
    assertEquals([listed.name, listed.state, listed.from], ["my_head", "locked", archive]);
  });
  await t.step("train with it", async () => {
    await Deno.writeTextFile(`${user}/train.ts`, TRAIN);
    await Deno.writeTextFile(`${user}/texts.json`, JSON.stringify(tinyData()));
    await Deno.writeTextFile(`${user}/k-bert.yaml`, tinyYaml("runs", { plugin: "plugins/my_head" }));

    const { code, stderr } = await userScript(user, "train.ts");

    assertEquals(code, 0, stderr);
    const [result] = pathsIn(`${user}/runs`).filter((path) => path.endsWith("/result.json"));
    assert(result !== undefined);
    const { steps, plugins } = JSON.parse(await Deno.readTextFile(`${user}/runs/${result}`));
    assertEquals([steps, plugins[0].name], [12, "my_head"]);
  });
  await t.step("and not any more when it has been changed", async () => {
    await edit(`${user}/plugins/my_head/my_head.ts`, "tf.relu(", "tf.tanh(");

    const { code, error } = await userScript(user, "train.ts");

    assertEquals(code, 1);
    assertStringIncludes(error, "The plugin my_head is not the code that was added");
  });
});
