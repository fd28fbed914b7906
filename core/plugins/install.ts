/**
 * Puts the npm packages that a plugin declares into its folder, as modules that can be read, vetted and hashed
 * like its own. Only here are packages fetched; when a plugin is loaded, nothing is.
 *
 * Deno resolves and downloads them, checks their integrity and runs none of their scripts. esbuild, as
 * WebAssembly, makes one module of each specifier that the plugin imports, with chunks for what several share.
 * What came out has to be a part of an image that is allowed; otherwise the folder stays as it was.
 *
 * @module
 */
import { dependencyFile, splitDependency, VENDOR_FOLDER } from "../manifest/dependency_file.ts";
import { buildImage, packagesOf, type PluginImage } from "../security/image.ts";
import { type PluginSource, pluginSource } from "../security/source.ts";
import { KBertError, messageOf } from "../wall/errors.ts";
import { printable } from "../wall/printable.ts";

/** What has been installed. */
export interface Installation {
  readonly image: PluginImage;
  /** Specifiers, as the plugin imports them. */
  readonly imports: readonly string[];
  /** `name@version` → its integrity, of every package whose code is in the plugin now. */
  readonly packages: Readonly<Record<string, string>>;
}

/** Beside what it made of them, for whoever reviews or compares: which packages, with which bytes. */
export const PACKAGES_FILE = `${VENDOR_FOLDER}/packages.json`;

const BUNDLER = { name: "esbuild-wasm", version: "0.28.2" };
const BUNDLER_OPTIONS = [
  ...["--bundle", "--splitting", "--format=esm", "--platform=browser", "--main-fields=module,browser,main"],
  ...["--conditions=import,module,browser,default", '--define:process.env.NODE_ENV="production"'],
  ...["--legal-comments=inline", "--log-level=warning", "--metafile=meta.json", `--outdir=${VENDOR_FOLDER}`],
];

/**
 * Installs what the modules of a plugin import.
 *
 * Needs the right to read and write the folder, and to start `deno`, which asks the registry that it is
 * configured for.
 *
 * @param folder of the plugin
 * @throws {KBertError} `plugin/image` if the plugin or a package is not allowed, or a package cannot be had;
 * `file/unusable` if the folder cannot be written
 */
export async function installPackages(folder: string): Promise<Installation> {
  const source = pluginSource(folder);
  const imports = await packagesOf(source);
  if (imports.length === 0) {
    await removeIfThere(`${source.location}/${VENDOR_FOLDER}`);
    return { image: await buildImage(source), imports, packages: {} };
  }
  const work = await workFolder(source.location);
  try {
    await writeProject(work, imports);
    await deno(source, work, "download", ["install", "--quiet"]);
    await bundle(source, work, imports);
    const packages = await packagesIn(source, work);
    const image = await buildImage(overlay(source, work));
    await Deno.writeTextFile(`${work}/${PACKAGES_FILE}`, `${JSON.stringify(packages, null, 2)}\n`);
    await replace(source.location, work);
    return { image, imports, packages };
  } finally {
    await removeIfThere(work);
  }
}

async function workFolder(folder: string): Promise<string> {
  try {
    return await Deno.realPath(await Deno.makeTempDir({ dir: folder, prefix: ".installing-" }));
  } catch (cause) {
    const message = `Cannot install packages into ${folder}: ${messageOf(cause)}`;
    throw new KBertError("file/unusable", message, { path: folder }, { cause });
  }
}

/** A project of its own, so that nothing around it has a say. */
async function writeProject(work: string, imports: readonly string[]): Promise<void> {
  const packages = [...imports.map(splitPackage), BUNDLER];
  const dependencies = Object.fromEntries(packages.map(({ name, version }) => [name, version]));
  await Deno.writeTextFile(`${work}/package.json`, JSON.stringify({ private: true, dependencies }));
  await Deno.writeTextFile(`${work}/deno.json`, `{ "nodeModulesDir": "manual" }`);
}

/**
 * The bundler may read everything, because it looks for settings in all folders above. What it put in is
 * checked afterwards, so a package cannot have it copy a file of the user.
 */
async function bundle(source: PluginSource, work: string, imports: readonly string[]): Promise<void> {
  const entries = imports.map((specifier) => {
    const { name, path } = splitPackage(specifier);
    const file = dependencyFile(specifier)!.slice(VENDOR_FOLDER.length + 1, -".js".length);
    return `${file}=${name}${path === "" ? "" : `/${path}`}`;
  });
  await deno(source, work, "bundle", [
    ...["run", "--no-lock", "--no-prompt", "--allow-read", `--allow-write=${work}`, "--allow-env"],
    ...[`node_modules/${BUNDLER.name}/bin/esbuild`, ...entries, ...BUNDLER_OPTIONS],
  ]);
}

async function deno(source: PluginSource, cwd: string, verb: string, args: string[]): Promise<void> {
  const { success, stdout, stderr } = await new Deno.Command("deno", {
    ...{ args, cwd, stdin: "null", stdout: "piped", stderr: "piped" },
    env: { NO_COLOR: "1" },
  }).output();
  if (success) return;
  const text = new TextDecoder().decode(stderr) || new TextDecoder().decode(stdout);
  const reason = text.split("\n").find((line) => /error|ERROR/.test(line)) ?? text;
  throw refused(source, `Cannot ${verb} its packages: ${printable(reason.trim(), 300)}`);
}

/** What esbuild says of its work. */
interface Metafile {
  readonly inputs: Readonly<Record<string, unknown>>;
}

interface Lockfile {
  readonly npm: Readonly<Record<string, { readonly integrity?: string }>>;
}

/** Every package that something was taken from. */
async function packagesIn(source: PluginSource, work: string): Promise<Record<string, string>> {
  const { inputs } = JSON.parse(await Deno.readTextFile(`${work}/meta.json`)) as Metafile;
  const { npm } = JSON.parse(await Deno.readTextFile(`${work}/deno.lock`)) as Lockfile;
  const packages: Record<string, string> = {};
  for (const input of Object.keys(inputs)) {
    const [, folder] = /^(?:\(disabled\):)?node_modules\/\.deno\/([^/]+)\/node_modules\//.exec(input) ?? [];
    const id = folder?.replaceAll("+", "/").replace(/_\d+$/, "");
    const key = id === undefined ? undefined : Object.keys(npm).find((one) => one.split("_")[0] === id);
    if (key === undefined) {
      throw refused(source, `A package imports ${printable(input, 200)}, which is not part of any package`);
    }
    packages[id!] = npm[key]!.integrity ?? "unknown";
  }
  return Object.fromEntries(Object.entries(packages).sort(([a], [b]) => a < b ? -1 : 1));
}

/** The plugin as it will be. */
function overlay(source: PluginSource, work: string): PluginSource {
  const made = pluginSource(work);
  return {
    ...source,
    read: (file, maxBytes) => (file.startsWith(`${VENDOR_FOLDER}/`) ? made : source).read(file, maxBytes),
  };
}

/** A folder cannot take the place of another at once; between the two there is none, and loading says so. */
async function replace(folder: string, work: string): Promise<void> {
  const place = `${folder}/${VENDOR_FOLDER}`;
  try {
    await Deno.rename(place, `${work}/before`);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  await Deno.rename(`${work}/${VENDOR_FOLDER}`, place);
}

async function removeIfThere(path: string): Promise<void> {
  try {
    await Deno.remove(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

function splitPackage(specifier: string): { name: string; version: string; path: string } {
  const { npm, path } = splitDependency(specifier)!;
  const at = npm.lastIndexOf("@");
  return { name: npm.slice("npm:".length, at), version: npm.slice(at + 1), path };
}

function refused({ name }: PluginSource, reason: string): KBertError<"plugin/image"> {
  return new KBertError("plugin/image", `Cannot install the packages of ${name}: ${reason}`, {
    plugin: name,
  });
}
