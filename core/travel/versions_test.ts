/**
 * Which version of a package comes: the newest that fits everybody, tried against a registry on loopback.
 *
 * @module
 */
import { archiveOf } from "../../tests/fixtures/hostile_archive.ts";
import { PackageRegistry, type RegisteredVersion } from "../../tests/fixtures/npm_registry.ts";
import { Project } from "../../tests/fixtures/place.ts";
import { assertEquals, assertStringIncludes } from "../deps/assert.ts";
import { readLock } from "../security/lock_file.ts";
import type { Change } from "./change.ts";

type End = Partial<Change> & { readonly code?: string; readonly message?: string };

/** A package with a plugin in it. */
async function version(
  number: string,
  { manifest = "", says = number, time }: { manifest?: string; says?: string; time?: Date } = {},
): Promise<RegisteredVersion> {
  const yaml = `name: mood\nversion: ${says}\nentry_points: { plugin: "main:Main" }\n${manifest}`;
  const main = `import { PluginPort } from "k-bert/sdk";\nexport class Main extends PluginPort {}\n`;
  const archive = await archiveOf([
    { name: "package/package.json", content: JSON.stringify({ name: "mood", version: number }) },
    { name: "package/plugin.yaml", content: yaml },
    { name: "package/main.ts", content: main },
  ]);
  return { name: "mood", version: number, archive, ...(time && { time }) };
}

async function run(project: Project, registry: PackageRegistry, action: string, what = ""): Promise<End> {
  const { stdout, stderr } = await new Deno.Command("deno", {
    args: [
      ...["run", "--no-prompt", "--lock=tests/deno.lock", "--allow-env=NPM_CONFIG_REGISTRY"],
      ...["--allow-run=deno,git", `--allow-read=${project.root}`, `--allow-write=${project.root}`],
      new URL("../../tests/fixtures/add_program.ts", import.meta.url).href,
      ...[registry.url, project.place, action, what],
    ],
  }).output();
  if (stdout.length === 0) throw new Error(new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout)) as End;
}

const madeFor = (range: string): string => `compatibility: { k_bert_version: "${range}" }\n`;

Deno.test("plugin add takes the newest version that was made for this k-bert", async () => {
  await using project = await Project.make();
  await using registry = new PackageRegistry([
    await version("1.0.0", { manifest: madeFor(">=0.1.0") }),
    await version("1.1.0", { manifest: madeFor(">=0.1.0") }),
    await version("2.0.0", { manifest: madeFor(">=9.0.0") }),
    await version("2.1.0", { manifest: madeFor(">=9.0.0") }),
  ]);

  const { outcome, proposal } = await run(project, registry, "add", "npm:mood");

  assertEquals([outcome, proposal?.version], ["added", "1.1.0"]);
});

Deno.test("plugin add says what the newest version was made for if none was made for this k-bert", async () => {
  await using project = await Project.make();
  await using registry = new PackageRegistry([
    await version("1.0.0", { manifest: madeFor(">=8.0.0") }),
    await version("2.0.0", { manifest: madeFor(">=9.0.0") }),
  ]);

  const { code, message } = await run(project, registry, "add", "npm:mood");

  assertEquals(code, "plugin/incompatible");
  assertStringIncludes(message!, "needs k-bert >=9.0.0 and this is");
  assertEquals(await project.tree(), {});
});

Deno.test("plugin update stays where all plugins can go along, and says who does not", async () => {
  await using project = await Project.make();
  await using registry = new PackageRegistry([await version("1.0.0"), await version("1.5.0")]);
  await project.write("plugins/tone", { manifest: "dependencies: [mood@<1.5.0]\n" });
  assertEquals((await run(project, registry, "add", "npm:mood@1.0.0")).outcome, "added");
  const lock = await Deno.readTextFile(`${project.place}/registry.yaml`);
  await Deno.writeTextFile(`${project.place}/registry.yaml`, lock.replace("1.0.0", "^1.0.0"));

  assertEquals((await run(project, registry, "update", "mood")).outcome, "unchanged");
  await Deno.writeTextFile(`${project.place}/registry.yaml`, lock.replace("1.0.0", "^1.5.0"));
  const before = await project.tree();
  const { code, message } = await run(project, registry, "update", "mood");

  assertEquals([code, await project.tree()], ["source/unreachable", before]);
  assertStringIncludes(message!, "(the registry wants ^1.5.0, tone needs <1.5.0)");
});

Deno.test("plugin add leaves young versions out, as the registry of the place says", async () => {
  await using project = await Project.make();
  const young = new Date(Date.now() - 3_600_000);
  await using registry = new PackageRegistry([
    await version("1.0.0"),
    await version("1.1.0", { time: young }),
  ]);

  assertEquals((await run(project, registry, "add", "npm:mood")).proposal?.version, "1.0.0");
  const text = await Deno.readTextFile(`${project.place}/registry.yaml`);
  await Deno.writeTextFile(`${project.place}/registry.yaml`, `minimum_age_hours: 0.5\n${text}`);
  assertEquals((await run(project, registry, "update", "mood")).proposal?.version, "1.1.0");
});

Deno.test("plugin add fetches what is locked although it is young, and refuses another archive of that version", async () => {
  await using project = await Project.make();
  const young = new Date(Date.now() - 3_600_000);
  await using registry = new PackageRegistry([await version("1.0.0")]);
  await run(project, registry, "add", "npm:mood");
  const [first] = registry.versions;
  registry.versions[0] = { ...first!, time: young };
  await Deno.remove(`${project.place}/mood`, { recursive: true });
  assertEquals((await run(project, registry, "add missing")).outcome, "restored");

  const { archive } = await version("1.0.0", { manifest: "description: another\n" });
  registry.versions[0] = { ...first!, archive };
  await Deno.remove(`${project.place}/mood`, { recursive: true });
  const before = await project.tree();
  const { code, message } = await run(project, registry, "add missing");

  assertEquals([code, await project.tree()], ["source/refused", before]);
  assertStringIncludes(message!, "k-bert.lock");
});

Deno.test("plugin add warns of a manifest that calls itself another version than its package", async () => {
  await using project = await Project.make();
  await using registry = new PackageRegistry([await version("1.0.0", { says: "9.0.0" })]);

  const { proposal } = await run(project, registry, "add", "npm:mood");

  assertEquals(proposal?.warnings, ["the package is version 1.0.0, and its plugin.yaml says 9.0.0"]);
  assertEquals((await readLock(project.place)).get("mood")?.version, "9.0.0");
});
