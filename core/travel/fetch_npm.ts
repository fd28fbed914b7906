/**
 * A plugin in a package of a registry like npm's.
 *
 * Deno resolves the version first, without downloading anything; then it gets a lock file in which the package stands
 * alone, with the hash that it has to have. So none of the package's dependencies is downloaded (a plugin brings what
 * it needs in `vendor/`; their names are looked up, though), and no script of anybody is run.
 *
 * @module
 */
import { denoFailure, type DenoProject, runDeno } from "./deno_project.ts";
import { checkHash, type Fetching, type Gathered } from "./fetching.ts";
import { readFolder } from "./fetch_local.ts";
import { quoted, refusedSource } from "./source_errors.ts";

/** Names of packages, as registries allow them now. */
const PACKAGE = /^(?:@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*$/;
/** What the package is called in the project, whatever its name is. */
const ALIAS = "plugin";

/** The part of Deno's lock file that is of interest. */
interface LockFile {
  readonly version: string;
  readonly specifiers: Readonly<Record<string, string>>;
  readonly npm?: Readonly<Record<string, LockedPackage>>;
  readonly workspace?: unknown;
}

interface LockedPackage {
  readonly integrity?: string;
  /** Where its archive is, if not at the usual place of its registry. */
  readonly tarball?: string;
}

/**
 * Fetches the newest version of a range that is old enough.
 *
 * @throws {KBertError} `source/unreachable`, `source/refused`
 */
export async function fetchNpm(
  { package: name, version: range }: { package: string; version: string },
  { scratch, signal, minimumAgeMinutes, locked }: Fetching,
): Promise<Gathered> {
  const source = `npm:${name}@${range}`;
  if (!PACKAGE.test(name)) {
    throw refusedSource(source, `${quoted(name)} is not the name of a package; correct it`);
  }
  const known = locked?.source === "npm" ? locked : undefined;
  const project = { source, folder: await scratch.work(), signal };
  await writeProject(project, name, known?.version ?? range);
  // What is locked was old enough when it was taken.
  const lock = await resolve(project, known ? 0 : minimumAgeMinutes);
  const { version, integrity } = await keepAlone(project, lock, name);
  checkHash(source, `the archive of version ${version}`, integrity, known?.integrity, "k-bert.lock");
  const end = await runDeno(project, ["install", "--quiet", "--frozen", "--minimum-dependency-age=0"]);
  if (!end.isSuccess) throw denoFailure(source, end.stderr);
  const folder = await Deno.realPath(`${project.folder}/node_modules/${ALIAS}`);
  const files = await readFolder(source, folder, signal);
  return { files, resolved: { source: "npm", package: name, version, integrity } };
}

/** A project of its own, so that nothing around it has a say. */
async function writeProject({ folder }: DenoProject, name: string, version: string): Promise<void> {
  const dependencies = { [ALIAS]: `npm:${name}@${version}` };
  await Deno.writeTextFile(`${folder}/package.json`, JSON.stringify({ private: true, dependencies }));
  await Deno.writeTextFile(`${folder}/deno.json`, `{ "nodeModulesDir": "manual" }`);
}

async function resolve(project: DenoProject, minimumAgeMinutes: number): Promise<LockFile> {
  const age = `--minimum-dependency-age=${minimumAgeMinutes}`;
  const end = await runDeno(project, ["install", "--quiet", "--lockfile-only", age]);
  if (!end.isSuccess) throw denoFailure(project.source, end.stderr);
  return JSON.parse(await Deno.readTextFile(`${project.folder}/deno.lock`)) as LockFile;
}

/** Takes every other package out of the lock file. */
async function keepAlone(
  { source, folder }: DenoProject,
  lock: LockFile,
  name: string,
): Promise<{ version: string; integrity: string }> {
  // Behind an underscore is what its peers are.
  const version = Object.values(lock.specifiers)[0]?.split("_")[0];
  const [, found] =
    Object.entries(lock.npm ?? {}).find(([id]) => id.split("_")[0] === `${name}@${version}`) ?? [];
  const { integrity, tarball } = found ?? {};
  if (version === undefined || integrity === undefined) {
    const reason =
      "the registry does not say what hash its archive has, so nobody can tell whether it is changed; " +
      "use a registry that does, or another source";
    throw refusedSource(source, reason);
  }
  const alone = { [`${name}@${version}`]: { integrity, ...(tarball !== undefined && { tarball }) } };
  const specifiers = Object.fromEntries(Object.keys(lock.specifiers).map((one) => [one, version]));
  await Deno.writeTextFile(`${folder}/deno.lock`, JSON.stringify({ ...lock, specifiers, npm: alone }));
  return { version, integrity };
}
