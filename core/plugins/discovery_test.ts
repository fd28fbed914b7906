import { symlink } from "../../tests/fixtures/symlink.ts";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "../deps/assert.ts";
import { buildImage } from "../security/image.ts";
import { pluginSource } from "../security/source.ts";
import { defaultPlaces, formatScan, SCAN_LIMITS, scanPlugins, type ScanReport } from "./discovery.ts";

/** A folder that is gone at the end of the block. */
async function temporaryFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await Deno.realPath(await Deno.makeTempDir());
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

const manifest = (name: string, more = ""): string =>
  `name: ${name}\nversion: 1.0.0\nentry_points: { head: main:Main }\n${more}`;

async function writePlugin(folder: string, text: string): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  await Deno.writeTextFile(`${folder}/plugin.yaml`, text);
}

/** Rights that the tests do not have: a script gets them in a process of its own. */
async function deno(args: string[], options: Deno.CommandOptions = {}): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command("deno", { ...options, args }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

const codes = ({ problems }: ScanReport): string[] => problems.map(({ code }) => code);
const names = ({ found }: ScanReport): string[] => found.map(({ manifest }) => manifest.name);

Deno.test("scanPlugins() finds the plugins of a place, in the order of their folders", async () => {
  await using place = await temporaryFolder();
  for (const name of ["c", "a", "b"]) await writePlugin(`${place.path}/${name}`, manifest(`plugin_${name}`));

  const report = await scanPlugins([place.path]);

  assertEquals(names(report), ["plugin_a", "plugin_b", "plugin_c"]);
  const { manifest: { version }, ...first } = report.found[0]!;
  assertEquals([version, first], ["1.0.0", { folder: `${place.path}/a`, place: place.path, kind: "given" }]);
  assertEquals([report.problems, report.skipped, report.places], [[], [], [place.path]]);
});

Deno.test("scanPlugins() ignores files, hidden folders and folders without plugin.yaml", async () => {
  await using place = await temporaryFolder();
  await writePlugin(place.path, manifest("the_place_itself"));
  await writePlugin(`${place.path}/.git`, manifest("hidden"));
  await writePlugin(`${place.path}/empty/deeper`, manifest("deeper"));
  await Deno.writeTextFile(`${place.path}/README.md`, "");
  await symlink("README.md", `${place.path}/LINK.md`);

  const report = await scanPlugins([place.path]);

  assertEquals([report.found, report.problems], [[], []]);
});

Deno.test("scanPlugins() reports every broken manifest and hides no other plugin", async () => {
  await using place = await temporaryFolder();
  await writePlugin(`${place.path}/a`, "name: [");
  await writePlugin(`${place.path}/b`, manifest("good"));
  await writePlugin(`${place.path}/c`, manifest("Bad Name", "verion: 2"));
  await writePlugin(`${place.path}/d`, "");
  await Deno.writeFile(`${place.path}/d/plugin.yaml`, Uint8Array.of(0xff, 0xfe));

  const report = await scanPlugins([place.path]);

  assertEquals([names(report), codes(report)], [["good"], ["manifest", "manifest", "manifest"]]);
  assertEquals(report.problems.map(({ path }) => path.slice(-1)), ["a", "c", "d"]);
  const [, { message, error } = {}, utf8] = report.problems;
  assertStringIncludes(message!, `${place.path}/c/plugin.yaml:1:1: name: found "Bad Name"`);
  assertEquals([message!.split("\n").length, error?.code], [2, "document/invalid"]);
  assertStringIncludes(utf8!.message, "is not UTF-8 text");
});

Deno.test("scanPlugins() reports a plugin for another version of k-bert, and lets a later one have its name", async () => {
  await using place = await temporaryFolder();
  await writePlugin(`${place.path}/a`, manifest("spam", "compatibility: { k_bert_version: '>=2.0.0' }"));
  await writePlugin(`${place.path}/b`, manifest("spam", "compatibility: { k_bert_version: '^1.0.0' }"));

  const report = await scanPlugins([place.path], { runtimeVersion: "1.5.0" });

  assertEquals(report.found.map(({ folder }) => folder), [`${place.path}/b`]);
  const [{ path, code, plugin, message } = {}] = report.problems;
  assertEquals([path, code, plugin], [`${place.path}/a`, "incompatible", "spam"]);
  assertStringIncludes(message!, "needs k-bert >=2.0.0 and this is 1.5.0");
});

Deno.test("scanPlugins() gives a name to the earlier place, and in one place to the first folder", async () => {
  await using first = await temporaryFolder();
  await using second = await temporaryFolder();
  await writePlugin(`${first.path}/z`, manifest("spam"));
  await writePlugin(`${second.path}/a`, manifest("spam"));
  await writePlugin(`${second.path}/b`, manifest("ham"));
  await writePlugin(`${second.path}/c`, manifest("ham"));

  const { found, problems } = await scanPlugins([first.path, second.path]);

  assertEquals(found.map(({ folder }) => folder), [`${first.path}/z`, `${second.path}/b`]);
  const advice = "rename one of them in its plugin.yaml";
  assertEquals(problems, [{
    path: `${second.path}/a`,
    code: "duplicate",
    plugin: "spam",
    message: `Two plugins are called spam: ${first.path}/z is used, because ${first.path} comes before ` +
      `${second.path}, and ${second.path}/a is not; ${advice}`,
  }, {
    path: `${second.path}/c`,
    code: "duplicate",
    plugin: "ham",
    message:
      `Two plugins are called ham: ${second.path}/b is used, because its folder comes first by name, ` +
      `and ${second.path}/c is not; ${advice}`,
  }]);
});

Deno.test("scanPlugins() takes two ways to one folder for one plugin", async () => {
  await using place = await temporaryFolder();
  await writePlugin(`${place.path}/group/real`, manifest("spam"));
  await writePlugin(`${place.path}/broken`, "name: [");
  await symlink("group/real", `${place.path}/a_link`);
  await symlink(`${place.path}/group/real`, `${place.path}/b_link`);
  await symlink("broken", `${place.path}/c_link`);
  await symlink(place.path, `${place.path}/group/place`);

  const report = await scanPlugins([place.path, `${place.path}/group/..`, `${place.path}/group`]);

  assertEquals(report.found.map(({ folder }) => folder), [`${place.path}/group/real`]);
  assertEquals(codes(report), ["manifest", "link"]); // the last: from group to the place above
});

Deno.test("scanPlugins() refuses links that lead out, nowhere or in a circle", async () => {
  await using outside = await temporaryFolder();
  await using place = await temporaryFolder();
  await writePlugin(`${outside.path}/secret`, manifest("secret"));
  await writePlugin(`${place.path}_of_another/near`, manifest("near"));
  for (const name of ["file_out", "file_to_other", "file_nowhere"]) await Deno.mkdir(`${place.path}/${name}`);
  await writePlugin(`${place.path}/good`, manifest("good"));
  await symlink(`${outside.path}/secret`, `${place.path}/folder_out`);
  await symlink(`${place.path}_of_another/near`, `${place.path}/folder_near`);
  await symlink(".", `${place.path}/folder_place`);
  await symlink("folder_loop", `${place.path}/folder_loop`);
  await symlink("gone", `${place.path}/folder_nowhere`);
  await symlink(`${outside.path}/secret/plugin.yaml`, `${place.path}/file_out/plugin.yaml`);
  await symlink("../good/plugin.yaml", `${place.path}/file_to_other/plugin.yaml`);
  await symlink("gone.yaml", `${place.path}/file_nowhere/plugin.yaml`);

  const report = await scanPlugins([place.path]);

  await Deno.remove(`${place.path}_of_another`, { recursive: true });
  assertEquals(names(report), ["good"]);
  const expected: Record<string, string> = {
    file_nowhere: "leads nowhere",
    file_out: "leads out of its folder",
    file_to_other: "leads out of its folder",
    folder_loop: "leads nowhere",
    folder_near: "leads out of its folder",
    folder_nowhere: "leads nowhere",
    folder_out: "leads out of its folder",
    folder_place: "leads out of its folder",
  };
  assertEquals(
    report.problems.map(({ path }) => path),
    Object.keys(expected).map((name) => `${place.path}/${name}`),
  );
  for (const [index, reason] of Object.values(expected).entries()) {
    assertEquals(report.problems[index]!.code, "link");
    assertStringIncludes(report.problems[index]!.message, reason);
  }
});

Deno.test("scanPlugins() follows a plugin.yaml that stays in its folder, and buildImage() does too", async () => {
  await using place = await temporaryFolder();
  await Deno.mkdir(`${place.path}/a`);
  await Deno.writeTextFile(`${place.path}/a/real.yaml`, manifest("spam"));
  await Deno.writeTextFile(`${place.path}/a/main.ts`, "export class Main {}");
  await symlink("real.yaml", `${place.path}/a/plugin.yaml`);
  await symlink(place.path, `${place.path}/.place`);

  const { found: [plugin] } = await scanPlugins([`${place.path}/.place`]);

  assertEquals(plugin?.folder, `${place.path}/a`);
  assertEquals((await buildImage(pluginSource(plugin!.folder))).manifest.name, "spam");
});

Deno.test("scanPlugins() refuses a plugin.yaml that is a folder, a pipe or too large", async () => {
  await using place = await temporaryFolder();
  await Deno.mkdir(`${place.path}/folder/plugin.yaml`, { recursive: true });
  await Deno.mkdir(`${place.path}/pipe`);
  await deno([
    "eval",
    `new Deno.Command("mkfifo", { args: Deno.args }).outputSync()`,
    `${place.path}/pipe/plugin.yaml`,
  ]);
  await writePlugin(
    `${place.path}/too_large`,
    manifest("large", `# ${"x".repeat(SCAN_LIMITS.manifestBytes)}`),
  );
  await writePlugin(`${place.path}/too_long`, manifest("long", `# ${"x".repeat(256 * 1024)}`));

  const report = await scanPlugins([place.path]);

  assertEquals([report.found, codes(report)], [[], ["unreadable", "unreadable", "limit", "manifest"]]);
  const [folder, pipe, large, long] = report.problems.map(({ message }) => message);
  assertStringIncludes(folder!, "it is not a file");
  assertStringIncludes(pipe!, "it is not a file");
  assertStringIncludes(large!, "it has more than 786432 bytes, the limit");
  assertStringIncludes(long!, "expected at most 262144");
});

Deno.test("scanPlugins() looks into at most 1000 folders of a place, and then still into the next place", async () => {
  await using full = await temporaryFolder();
  await using next = await temporaryFolder();
  await Promise.all(Array.from({ length: SCAN_LIMITS.folders }, (_, i) => Deno.mkdir(`${full.path}/${i}`)));
  await Deno.writeTextFile(`${full.path}/file`, ""); // not counted
  await writePlugin(`${full.path}/0`, manifest("zero"));
  await writePlugin(`${next.path}/a`, manifest("spam"));

  const within = await scanPlugins([full.path, next.path]);
  await Deno.mkdir(`${full.path}/one_more`);
  const over = await scanPlugins([full.path, next.path]);

  assertEquals([names(within), codes(within)], [["zero", "spam"], []]);
  assertEquals([names(over), codes(over)], [["spam"], ["limit"]]);
  assertStringIncludes(over.problems[0]!.message, "it has more than 1000 folders, the limit");
});

Deno.test("scanPlugins() reports a given place that is missing or no folder, and is silent about a default one", async () => {
  await using folder = await temporaryFolder();
  await Deno.writeTextFile(`${folder.path}/file`, "");
  const given = [`${folder.path}/gone`, `${folder.path}/file`, "", "a\0b"];

  const report = await scanPlugins([...given, { path: `${folder.path}/gone`, kind: "project" }]);

  assertEquals(codes(report), ["missing", "unreadable", "missing", "unreadable"]);
  assertEquals(report.problems.map(({ message }) => message).slice(0, 3), [
    `There is no place for plugins at ${folder.path}/gone: there is no such folder`,
    `Cannot look for plugins in ${folder.path}/file: it is not a folder`,
    `There is no place for plugins at "": its path is empty`,
  ]);
});

Deno.test("scanPlugins() skips a place that it may not read, with the flag that would let it", async () => {
  await using folder = await temporaryFolder();
  await symlink("/", `${folder.path}/root`);
  const variable = Deno.build.os === "windows" ? "USERPROFILE" : "HOME";

  const report = await scanPlugins(["/no/right", `${folder.path}/root`, "~/plugins", "~"]);

  const noHome = `the right to read ${variable} is not granted; --allow-env=${variable} grants it`;
  assertEquals(report.skipped, [
    { place: "/no/right", reason: "the right to read it is not granted; --allow-read=/no/right grants it" },
    { place: `${folder.path}/root`, reason: "the right to read it is not granted; --allow-read=/ grants it" },
    { place: "~/plugins", reason: noHome },
    { place: "~", reason: noHome },
  ]);
  assertEquals([report.found, report.problems, report.places], [[], [], []]);
});

Deno.test("scanPlugins() finds the plugins of the project and of the user, if it has the rights", async () => {
  await using folder = await temporaryFolder();
  const [home, project] = [`${folder.path}/home`, `${folder.path}/project`];
  await writePlugin(`${project}/plugins/spam`, manifest("spam"));
  await writePlugin(`${home}/.k-bert/plugins/spam`, manifest("spam"));
  await writePlugin(`${home}/.k-bert/plugins/ham`, manifest("ham"));
  const script = `
    const { defaultPlaces, scanPlugins } = await import(${
    JSON.stringify(import.meta.resolve("./discovery.ts"))
  });
    console.log(JSON.stringify(await scanPlugins([...defaultPlaces(), "~/.k-bert/plugins/"])));
  `;
  await Deno.writeTextFile(`${folder.path}/scan.ts`, script);
  const { denoDir } = JSON.parse(await deno(["info", "--json"])) as { denoDir: string };
  const rights = ["--no-prompt", `--allow-read=${folder.path}`, "--allow-env=HOME,USERPROFILE"];
  const env = { HOME: home, USERPROFILE: home, DENO_DIR: denoDir };

  const output = await deno(["run", "--no-lock", ...rights, `${folder.path}/scan.ts`], { cwd: project, env });

  const report = JSON.parse(output) as ScanReport;
  assertEquals(report.found.map(({ manifest: { name }, folder, kind }) => [name, folder, kind]), [
    ["spam", `${project}/plugins/spam`, "project"],
    ["ham", `${home}/.k-bert/plugins/ham`, "home"],
  ]);
  assertEquals(codes(report), ["duplicate"]);
  assertEquals(report.places, ["plugins", "~/.k-bert/plugins", "~/.k-bert/plugins/"]);
  assertEquals(report.skipped.map(({ place }) => place), ["/usr/local/lib/k-bert/plugins"]);
});

Deno.test("scanPlugins() shows nothing that a terminal obeys", async () => {
  await using place = await temporaryFolder();
  const odd = `${place.path}/\x1b[2J\nspoof`;
  await writePlugin(`${odd}_broken`, "name: [");
  await Deno.mkdir(`${odd}_folder/plugin.yaml`, { recursive: true });
  await symlink("/", `${odd}_link`);
  await writePlugin(`${odd}_twice`, manifest("spam"));
  await writePlugin(`${odd}_twice2`, manifest("spam"));

  const report = await scanPlugins([place.path, `${odd}_nowhere`, "~/\x1b"]);

  assertEquals(codes(report), ["manifest", "unreadable", "link", "duplicate", "missing"]);
  const text = formatScan(report);
  // deno-lint-ignore no-control-regex -- it is what must not be there
  assert(!/\x1b|^spoof/m.test(text), text);
});

Deno.test("scanPlugins() ends when its signal does", async () => {
  await using place = await temporaryFolder();
  await writePlugin(`${place.path}/a`, manifest("spam"));
  const stop = new AbortController();
  const scan = scanPlugins([place.path], { signal: stop.signal });

  stop.abort(new Error("no longer wanted"));

  await assertRejects(() => scan, Error, "no longer wanted");
});

Deno.test("scanPlugins() answers the same report every time", async () => {
  await using place = await temporaryFolder();
  for (let i = 0; i < 60; i++) {
    await writePlugin(`${place.path}/${i}`, i % 3 === 0 ? "name: [" : manifest(`plugin_${i % 20}`));
  }

  const reports = [];
  for (let i = 0; i < 5; i++) reports.push(JSON.stringify(await scanPlugins([place.path])));

  assertEquals(new Set(reports).size, 1);
});

Deno.test("defaultPlaces() are those of the guide, the project's first", () => {
  assertEquals(defaultPlaces(), [
    { path: "plugins", kind: "project" },
    { path: "~/.k-bert/plugins", kind: "home" },
    { path: "/usr/local/lib/k-bert/plugins", kind: "system" },
  ]);
});

Deno.test("formatScan() lists what was found, what is wrong and what was not looked into", async () => {
  await using place = await temporaryFolder();
  await writePlugin(`${place.path}/a`, manifest("spam"));
  const report = await scanPlugins([place.path, "/no/right"]);
  const problems = [{ path: "b", code: "manifest", message: "b:1:1: first\nb:2:1: second" }] as const;

  const text = formatScan({ ...report, problems }).replaceAll(place.path, "PLACE");

  assertEquals(text.split("\n"), [
    "1 plugin in PLACE:",
    "  spam 1.0.0 (head) PLACE/a",
    "1 problem:",
    "  b:1:1: first",
    "    b:2:1: second",
    "Not looked into:",
    "  /no/right: the right to read it is not granted; --allow-read=/no/right grants it",
  ]);
});
