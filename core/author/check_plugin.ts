/**
 * Checks a plugin before anybody uses it: its manifest, types, imports, what it uses against what it declares, and
 * its settings. One mistake hides no other, as far as what depends on it can be looked at.
 *
 * Nothing of the plugin runs here but its constructor and `initialize`, in a place with no rights that the caller
 * hands in, to learn which settings the code declares.
 *
 * @module
 */
import { VENDOR_FOLDER } from "../manifest/dependency_file.ts";
import type { PortName } from "../manifest/families.ts";
import type { PluginManifest } from "../manifest/manifest.ts";
import { Positions } from "../manifest/positions.ts";
import { splitEntryPoint } from "../manifest/schema.ts";
import { placeOf } from "../plugins/source_place.ts";
import { buildImage, moduleUrl, type PluginImage, readManifest } from "../security/image.ts";
import { importsOf } from "../security/imports.ts";
import { type PluginSource, pluginSource } from "../security/source.ts";
import { type Faults, KBertError, messageOf } from "../wall/errors.ts";
import { compareUses } from "./declared_uses.ts";
import { type Finding, inOrder } from "./finding.ts";
import { sampleSettings } from "./sample_settings.ts";
import { typeFindings } from "./type_check.ts";
import { type Uses, usesOf } from "./uses.ts";

/** What was found out about a plugin. */
export interface CheckReport {
  /** From its manifest, if that can be read. */
  readonly plugin: Pick<PluginManifest, "name" | "version"> | undefined;
  /** Of its code, if that can be made into an image. */
  readonly sha256: string | undefined;
  readonly findings: readonly Finding[];
}

/** Starts a plugin with no rights, as far as `initialize`, and ends it; what fails, throws. */
export type TryStart = (
  image: PluginImage,
  port: PortName,
  settings: Readonly<Record<string, unknown>>,
) => Promise<void>;

/** Longest file of a plugin that is looked at, in bytes; longer ones have no image either. */
const MAX_BYTES = 1_000_000;

/**
 * Checks the plugin in a folder.
 *
 * @throws {KBertError} `plugin/image` if this program may not read it; `file/unusable` if it may not start Deno
 */
export async function checkPlugin(folder: string, tryStart: TryStart): Promise<CheckReport> {
  const source = pluginSource(folder);
  let read: Awaited<ReturnType<typeof readManifest>>;
  try {
    read = await readManifest(source);
  } catch (error) {
    return { plugin: undefined, sha256: undefined, findings: manifestFindings(error) };
  }
  const { manifest, text } = read;
  const [image, vetting] = await buildImage(source).then(
    (image) => [image, []] as const,
    (error) => [undefined, [vettingFinding(error)]] as const,
  );
  const files = image ? ownFiles(image) : await entriesOf(manifest, source);
  const sources = await sourcesOf(files, source);
  const found = await Promise.all([
    files.length === 0 ? [] : typeFindings(source.location, files, packagesIn(image)),
    useFindings(sources, manifest, text, image),
    image === undefined ? [] : unusedPackages(image, text),
    image === undefined ? [] : settingsFindings(image, text, tryStart),
  ]);
  return {
    plugin: { name: manifest.name, version: manifest.version },
    sha256: image?.sha256,
    findings: inOrder([...vetting, ...found.flat()]),
  };
}

/** Every problem of the document, or what else is wrong with it. */
function manifestFindings(error: unknown): Finding[] {
  // That this program may not read it says nothing of the plugin.
  if (!(error instanceof KBertError) || error.cause instanceof Deno.errors.NotCapable) throw error;
  const finding = { file: "plugin.yaml", level: "problem", code: "manifest" } as const;
  if (error.code !== "document/invalid") return [{ ...finding, line: 1, column: 1, message: error.message }];
  const { problems } = error.detail as Faults["document/invalid"];
  return problems.map(({ line, column, path, message }) => ({
    ...finding,
    ...{ line, column },
    message: path === "" ? message : `${path}: ${message}`,
  }));
}

function vettingFinding(error: unknown): Finding {
  if (!(error instanceof KBertError)) throw error;
  const { file = "plugin.yaml", line = 1, column = 1 } = placeOf(error) ?? {};
  return { ...{ file, line, column }, level: "problem", code: "vetting", message: error.message };
}

function ownFiles({ modules }: PluginImage): string[] {
  const root = moduleUrl("").length;
  return [...modules.keys()].map((url) => url.slice(root)).filter((file) =>
    !file.startsWith(`${VENDOR_FOLDER}/`)
  );
}

/** Those of the entries that are there. */
async function entriesOf({ entry_points }: PluginManifest, source: PluginSource): Promise<string[]> {
  const files = Object.values(entry_points).filter((entry) => entry !== undefined)
    .map((entry) => splitEntryPoint(entry).file);
  const read = await Promise.all(
    files.map((file) => source.read(file, MAX_BYTES).then(() => [file], () => [])),
  );
  return [...new Set(read.flat())];
}

async function sourcesOf(files: readonly string[], source: PluginSource): Promise<Map<string, string>> {
  const texts = await Promise.all(files.map((file) => source.read(file, MAX_BYTES)));
  return new Map(files.map((file, index) => [file, new TextDecoder().decode(texts[index])]));
}

/** What is unused is known only if all of the code was looked at. */
function useFindings(
  sources: ReadonlyMap<string, string>,
  manifest: PluginManifest,
  text: string,
  image: PluginImage | undefined,
): Finding[] {
  const uses = [...sources].flatMap(([file, code]): Uses[] => {
    try {
      return [usesOf(code, file)];
    } catch {
      return []; // that it is no code was said by the vetting
    }
  });
  const computes = image?.kit === "tensors" || image?.kit === "all";
  return compareUses(manifest, text, uses, computes).filter(({ level }) => image || level !== "warning");
}

function importsIn(image: PluginImage): string[] {
  return ownFiles(image).flatMap((file) =>
    importsOf(image.modules.get(moduleUrl(file))!, file, image.manifest)
  )
    .flatMap(({ kind, specifier }) => kind === "package" ? [specifier] : []);
}

function packagesIn(image: PluginImage | undefined): string[] {
  return image === undefined ? [] : [...new Set(importsIn(image))];
}

function unusedPackages(image: PluginImage, text: string): Finding[] {
  const imported = importsIn(image);
  const positions = new Positions(text);
  return image.manifest.dependencies.flatMap((dependency, index): Finding[] => {
    if (!dependency.startsWith("npm:")) return [];
    if (imported.some((specifier) => specifier === dependency || specifier.startsWith(`${dependency}/`))) {
      return [];
    }
    const message = `${dependency} is in dependencies, and nothing in the code imports it`;
    const place = positions.of(["dependencies", index]);
    return [{ file: "plugin.yaml", ...place, level: "warning", code: "packages/unused", message }];
  });
}

async function settingsFindings(image: PluginImage, text: string, tryStart: TryStart): Promise<Finding[]> {
  const place = { file: "plugin.yaml", ...new Positions(text).of(["configuration"]) };
  const ports = Object.keys(image.manifest.entry_points) as PortName[];
  const found = await Promise.all(ports.map(async (port): Promise<Finding[]> => {
    try {
      await tryStart(image, port, sampleSettings(image.manifest, port));
      return [];
    } catch (error) {
      const message = messageOf(error);
      if (/does not export/.test(message)) {
        const entry = new Positions(text).of(["entry_points", port]);
        return [{ file: "plugin.yaml", ...entry, level: "problem", code: "entry", message }];
      }
      if (/declares other settings/.test(message)) {
        return [{ ...place, level: "problem", code: "settings/differ", message }];
      }
      if (isAfterLoading(error)) return []; // they were compared before
      const reason =
        `The settings of the code were not compared with configuration, because as a ${port} it does ` +
        `not start with made-up settings and without rights: ${message}`;
      return [{ ...place, ...placeOf(error), level: "note", code: "settings/skipped", message: reason }];
    }
  }));
  return found.flat();
}

/** What fails when it is initialized was loaded, and lacks what nobody gave it here. */
function isAfterLoading(error: unknown): boolean {
  return error instanceof KBertError && (error.detail as { method?: string }).method === "$initialize";
}
