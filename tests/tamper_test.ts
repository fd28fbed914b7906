/**
 * What is tampered with on its way, or after it has arrived, is refused in a sentence and changes nothing on disk:
 * tried with the program itself, against servers on loopback.
 *
 * @module
 */
import { assertEquals, assertMatch, assertStringIncludes } from "../core/deps/assert.ts";
import { CHECKOUT } from "./fixtures/checkout_server.ts";
import { FileServer } from "./fixtures/file_server.ts";
import { GitRepository, GitServer } from "./fixtures/git_server.ts";
import { archiveOf, GOOD_ENTRIES, gzipBomb, type HostileEntry } from "./fixtures/hostile_archive.ts";
import { kBert, type ProgramRun, userScript } from "./fixtures/k_bert.ts";
import { Project } from "./fixtures/place.ts";

const run = (project: Project, ...args: string[]): Promise<ProgramRun> => kBert(project.root, args);

/** The run of a command that has to work. */
async function done(project: Project, ...args: string[]): Promise<ProgramRun> {
  const result = await run(project, ...args);
  assertEquals(result.code, 0, result.stderr);
  return result;
}

/** The sentence of a command that has to be refused and to leave the project as it was. */
async function refused(project: Project, ...args: string[]): Promise<string> {
  const before = await project.tree(".");
  const { code, stdout, stderr, error } = await run(project, ...args);
  assertEquals(code, 1, stdout + stderr);
  assertEquals(/^\s+at /m.test(stderr), false, stderr);
  assertEquals(await project.tree("."), before);
  return error;
}

/** What a script of the user's says that starts `mood`. */
async function started(project: Project): Promise<ProgramRun> {
  const main = `import { createRuntime, runProgram } from ${JSON.stringify(new URL("mod.ts", CHECKOUT).href)};
await runProgram(async () => {
  await using runtime = await createRuntime();
  const plugin = await runtime.plugins.start("mood");
  console.log(await plugin.call("run", []));
  return "done";
});
`;
  await Deno.writeTextFile(`${project.root}/main.ts`, main);
  return await userScript(project.root, "main.ts");
}

const WRITTEN = {
  "plugin.yaml": GOOD_ENTRIES[0]!.content as string,
  "main.ts": GOOD_ENTRIES[1]!.content as string,
};

Deno.test("a plugin with one changed byte does not start, and its hashes, its file and the way out are told", async () => {
  await using project = await Project.make();
  await project.write("source/mood", { code: "'as it was'" });
  await done(project, "plugin", "add", "./source/mood", "--yes");
  assertEquals((await started(project)).stdout, "as it was\n");
  const main = `${project.place}/mood/main.ts`;
  await Deno.writeTextFile(main, (await Deno.readTextFile(main)).replace("'as it was'", "'as it wes'"));

  const { code, stdout, stderr, error } = await started(project);

  assertEquals([code, stdout], [1, ""], stderr);
  assertMatch(
    error,
    /^The plugin mood is not the code that was added: its hash is [0-9a-f]{64}, and \S+ says [0-9a-f]{64}/,
  );
  assertMatch(error, /main\.ts has changed; if the change is right, run: deno run .* plugin update mood/);
  assertMatch((await run(project, "plugin", "list")).stdout, /^mood +1\.0\.0 +changed/m);
});

Deno.test("a manifest that asks for more after it was locked does not start", async () => {
  await using project = await Project.make();
  await project.write("source/mood");
  await done(project, "plugin", "add", "./source/mood", "--yes");
  const yaml = `${project.place}/mood/plugin.yaml`;
  await Deno.writeTextFile(yaml, `${await Deno.readTextFile(yaml)}permissions: { net: [example.com:443] }\n`);

  assertStringIncludes((await started(project)).error, "plugin.yaml has changed");
});

Deno.test("a new version that asks for more says so, needs a yes to come, and another one to start", async () => {
  await using project = await Project.make();
  await project.write("source/mood");
  await done(project, "plugin", "add", "./source/mood", "--yes");
  await project.write("source/mood", {
    version: "1.1.0",
    manifest: "permissions: { net: [example.com:443] }\n",
  });
  const before = await project.tree();

  const shown = await done(project, "plugin", "update", "mood", "--dry-run");
  assertMatch(shown.stdout, /asks to +connect to example\.com:443 {2}\(new\)/);
  const asked = await run(project, "plugin", "update", "mood");
  assertEquals([asked.code, await project.tree()], [2, before]);
  assertStringIncludes(asked.error, "Nobody can be asked here whether to update mood");

  await done(project, "plugin", "update", "mood", "--yes");
  assertMatch((await started(project)).error, /^The plugin mood 1\.1\.0 asks to connect to example\.com:443/);
});

Deno.test("an archive that was swapped is refused, by the hash of its address and by the lock", async () => {
  await using project = await Project.make();
  await using server = new FileServer({ "/sample.tgz": await archiveOf(GOOD_ENTRIES) });
  const address = `${server.origin}/sample.tgz`;
  await done(project, "plugin", "add", address, "--yes");
  const { source } = JSON.parse((await project.tree())["plugins/k-bert.lock"]!).plugins.sample;
  await Deno.remove(`${project.place}/sample`, { recursive: true });
  server.files.set(
    "/sample.tgz",
    await archiveOf([...GOOD_ENTRIES, { name: "README.md", content: "hello" }]),
  );

  assertStringIncludes(await refused(project, "plugin", "add"), source.archiveSha256);
  await done(project, "plugin", "remove", "sample");
  const pinned = `${address}#sha256=${source.archiveSha256}`;
  assertStringIncludes(await refused(project, "plugin", "add", pinned, "--yes"), source.archiveSha256);
});

Deno.test("a branch that moved is not what the lock says: the old commit comes back, or nothing", async () => {
  await using project = await Project.make();
  const repository = await GitRepository.make(`${project.root}/served/sample`);
  const first = await repository.commit(WRITTEN);
  await using server = new GitServer(`${project.root}/served`);
  await done(project, "plugin", "add", `git+${server.origin}/sample#main`, "--yes");
  const before = await project.tree();
  await Deno.remove(`${project.place}/sample`, { recursive: true });

  await repository.commit({
    "main.ts": `${WRITTEN["main.ts"]}// moved\n`,
    "plugin.yaml": WRITTEN["plugin.yaml"].replace("1.0.0", "1.1.0"),
  });
  await done(project, "plugin", "add");
  assertEquals(await project.tree(), before);
  const update = await done(project, "plugin", "update", "--dry-run");
  assertMatch(update.stdout, /^sample 1\.0\.0 → 1\.1\.0 from /m);

  await repository.git("checkout", "--quiet", "--orphan", "anew");
  await repository.commit({ "main.ts": `${WRITTEN["main.ts"]}// another history\n` });
  await repository.git("branch", "-M", "main");
  await repository.git("reflog", "expire", "--expire=now", "--all");
  await repository.git("gc", "--quiet", "--prune=now");
  await Deno.remove(`${project.place}/sample`, { recursive: true });
  const message = await refused(project, "plugin", "add");
  assertStringIncludes(message, `it does not have the commit ${first}, or not any more`);
});

Deno.test("a password in the address of a repository is written down nowhere", async () => {
  await using project = await Project.make();
  const repository = await GitRepository.make(`${project.root}/served/sample`);
  await repository.commit(WRITTEN);
  await using server = new GitServer(`${project.root}/served`);
  const { host } = new URL(server.origin);

  const { stdout } = await done(
    project,
    "plugin",
    "add",
    `git+http://ada:secret@${host}/sample#main`,
    "--yes",
  );

  const files = await project.tree();
  assertEquals(Object.values(files).filter((text) => /secret|ada/.test(text)), []);
  assertStringIncludes(files["plugins/registry.yaml"]!, `url: 'http://${host}/sample'`);
  assertEquals(/secret/.test(stdout), false);
});

Deno.test("archives that are attacks are refused in a sentence, and nothing of them stays", async (t) => {
  await using project = await Project.make();
  await using server = new FileServer();
  const outside = `${project.root}/outside.ts`;
  const attacks: readonly (readonly [string, readonly HostileEntry[], RegExp])[] = [
    ["a path that leads out", [{ name: "../../outside.ts", content: "export {};" }], /\.\./],
    ["an absolute path", [{ name: outside, content: "export {};" }], /absolute|begins with|outside\.ts/],
    ["a symbolic link", [{ name: "link.ts", flag: "2", link: "/etc/passwd" }], /link/],
    ["a hard link", [{ name: "link.ts", flag: "1", link: "main.ts" }], /link/],
    ["a file twice", [GOOD_ENTRIES[1]!], /main\.ts/],
    ["names that are one on some disks", [{ name: "MAIN.ts", content: "" }], /MAIN\.ts|main\.ts/],
  ];
  for (const [what, entries, reason] of attacks) {
    await t.step(what, async () => {
      server.files.set("/attack.tgz", await archiveOf([...GOOD_ENTRIES, ...entries]));

      assertMatch(await refused(project, "plugin", "add", `${server.origin}/attack.tgz`, "--yes"), reason);
    });
  }
  await t.step("a bomb of zeros", async () => {
    server.files.set("/attack.tgz", await gzipBomb(256));

    assertMatch(await refused(project, "plugin", "add", `${server.origin}/attack.tgz`, "--yes"), /limit/);
  });
  await t.step("what is no archive", async () => {
    server.files.set("/attack.tgz", "<html>Please log in</html>");

    assertMatch(
      await refused(project, "plugin", "add", `${server.origin}/attack.tgz`, "--yes"),
      /archive|gzip/,
    );
  });
});

Deno.test("a server that is down, or has nothing there, is told as that", async () => {
  await using project = await Project.make();
  await using server = new FileServer();
  const address = `${server.origin}/sample.tgz`;

  assertMatch(await refused(project, "plugin", "add", address, "--yes"), /404/);
  await server[Symbol.asyncDispose]();
  assertStringIncludes(await refused(project, "plugin", "add", address, "--yes"), address);
  await refused(project, "plugin", "add", `git+${server.origin}/sample`, "--yes");
});
