/**
 * Makes an archive of a plugin's folder: what runs, what it says about itself, and nothing else.
 *
 * The same folder gives the same bytes, whenever, wherever and by whomever it is packed: the order is that of the
 * names, times are 0, and modes are those of plain files. (With another version of Deno the compression may come out
 * differently; what is in it does not, nor does the hash of the image.) What was vetted is what is packed: the image
 * is built once more of the files in the archive.
 *
 * @module
 */
import { packTar } from "../deps/modern_tar.ts";
import { VENDOR_FOLDER } from "../manifest/dependency_file.ts";
import { buildImage, type PluginImage } from "../security/image.ts";
import { type PluginSource, pluginSource } from "../security/source.ts";
import { KBertError } from "../wall/errors.ts";
import { sha256 } from "../wall/sha256.ts";
import { readFolder } from "./fetch_local.ts";
import { packageJson } from "./package_json.ts";
import { MANIFEST_FILE, SIGNATURE_FILE } from "./plugin_files.ts";
import { sign, type Signature, verifySignature } from "./signature.ts";

/** An archive of a plugin. */
export interface PackedPlugin {
  /** Of a `.tgz` file. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly archiveSha256: string;
  readonly image: PluginImage;
  /** The one in the archive, if there is one. */
  readonly signature?: Signature;
  /** Its files in their order, below `package/`. */
  readonly files: readonly { readonly path: string; readonly bytes: number }[];
}

/** How it is packed. */
export interface PackOptions {
  /** Makes the signature that goes into the archive, in the place of the folder's own. */
  readonly signingKey?: CryptoKey;
  readonly signal?: AbortSignal;
}

/** Folder within the archive, as npm has it. */
const TOP = "package";
const PACKAGE_FILE = "package.json";
/** Texts that travel; others are for those who work on the plugin. */
const TEXT = /^(?:README\.md|CHANGELOG\.md|(?:LICEN[CS]E|NOTICE|COPYING)(?:[.-][\w.-]+)?)$/;
const ROOT = "plugin:///";

/**
 * Vets a plugin and packs it.
 *
 * @throws {KBertError} as {@linkcode buildImage} does; `source/refused` if a file may not be called what it is or is
 * too large; `plugin/signature` if the folder has a signature that is not of this code; `file/unusable` if its
 * package.json is none, or its files change meanwhile
 * @example
 * ```ts
 * import { pack } from "./pack.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const { files, archiveSha256 } = await pack("examples/plugins/robust");
 * assertEquals(files.map(({ path }) => path), ["package.json", "plugin.yaml", "robust.ts"]);
 * assertEquals((await pack("examples/plugins/robust")).archiveSha256, archiveSha256);
 * ```
 */
export async function pack(folder: string, { signingKey, signal }: PackOptions = {}): Promise<PackedPlugin> {
  const source = pluginSource(folder);
  const image = await buildImage(source);
  const files = await filesOf(source, image, signal);
  if (signingKey) files.set(SIGNATURE_FILE, encodeSignature(await sign(image, signingKey)));
  await checkUnchanged(files, image, source);
  const signature = await signatureIn(files, image);
  const own = await readOwnPackage(source.location);
  files.set(PACKAGE_FILE, new TextEncoder().encode(packageJson(image.manifest, own)));
  const sorted = [...files].sort(([a], [b]) => a < b ? -1 : 1);
  const bytes = await gzip(await tar(sorted));
  return {
    ...{ bytes, archiveSha256: await sha256(bytes), image, ...(signature && { signature }) },
    files: sorted.map(([path, content]) => ({ path, bytes: content.length })),
  };
}

/** As it stands in signature.json. */
export function encodeSignature(signature: Signature): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${JSON.stringify(signature, null, 2)}\n`);
}

async function signatureIn(
  files: ReadonlyMap<string, Uint8Array>,
  image: PluginImage,
): Promise<Signature | undefined> {
  const content = files.get(SIGNATURE_FILE);
  if (content === undefined) return undefined;
  await verifySignature(content, image);
  return JSON.parse(new TextDecoder().decode(content)) as Signature;
}

async function filesOf(
  { location }: PluginSource,
  { modules }: PluginImage,
  signal: AbortSignal = new AbortController().signal,
): Promise<Map<string, Uint8Array>> {
  const { kept } = await readFolder(location, location, signal);
  const isPacked = (path: string): boolean =>
    path === MANIFEST_FILE || path === SIGNATURE_FILE || modules.has(ROOT + path) || TEXT.test(path) ||
    path.startsWith(`${VENDOR_FOLDER}/`);
  return new Map([...kept].filter(([path]) => isPacked(path)));
}

/** An author may save while it is packed; and what the archive has must be all that it takes to make the image. */
async function checkUnchanged(
  files: ReadonlyMap<string, Uint8Array>,
  image: PluginImage,
  { name, location }: PluginSource,
): Promise<void> {
  const packed: PluginSource = {
    name,
    location,
    read: (file) => {
      const content = files.get(file);
      if (content !== undefined) return Promise.resolve(content);
      throw new KBertError("plugin/image", `Cannot pack the plugin ${name}: ${file} is not packed`, {
        plugin: name,
        file,
      });
    },
  };
  const { sha256 } = await buildImage(packed);
  if (sha256 !== image.sha256) {
    const message = `Cannot pack ${location}: its files have changed meanwhile; try again`;
    throw new KBertError("file/unusable", message, { path: location });
  }
}

async function readOwnPackage(folder: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(`${folder}/${PACKAGE_FILE}`);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

async function tar(
  files: readonly (readonly [path: string, content: Uint8Array])[],
): Promise<Uint8Array<ArrayBuffer>> {
  const fixed = { mtime: new Date(0), mode: 0o644, uid: 0, gid: 0, type: "file" } as const;
  return await packTar(files.map(([path, body]) => ({
    header: { name: `${TOP}/${path}`, size: body.length, ...fixed },
    body,
  })));
}

async function gzip(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const packed = await new Response(new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip")))
    .bytes();
  packed.set([0, 0, 0, 0, 0, 255], 4); // no time, no word about how it was compressed, on no system in particular
  return packed;
}
