/**
 * Signatures of plugins: who holds the key says that exactly this code is this version of the plugin.
 *
 * Signed is the hash of the image, so of all that runs, and not of the texts beside it. The text that is signed begins
 * with what it is for, so that a signature of something else is never taken for one of a plugin. A key says nothing
 * about who somebody is: whether it is the same as before is for k-bert.lock to tell.
 *
 * Ed25519 as in RFC 8032; keys and signatures are in base64.
 *
 * @module
 */
import { z } from "../deps/zod.ts";
import type { PluginImage } from "../security/image.ts";
import { KBertError, messageOf } from "../wall/errors.ts";
import { SIGNATURE_FILE } from "./plugin_files.ts";

/** What signature.json has. */
export interface Signature {
  readonly format: 1;
  /** The public key, 32 bytes. */
  readonly key: string;
  /** 64 bytes. */
  readonly signature: string;
}

/** What of an image is signed. */
export type SignedImage = Pick<PluginImage, "sha256"> & {
  readonly manifest: Pick<PluginImage["manifest"], "name" | "version">;
};

const MAX_BYTES = 4_096;

const signatureSchema = z.strictObject({
  format: z.literal(1),
  key: z.string().regex(/^[A-Za-z0-9+/]{43}=$/),
  signature: z.string().regex(/^[A-Za-z0-9+/]{86}==$/),
});

/**
 * Checks the signature of a plugin.
 *
 * @param from the plugin's folder, or the content of its signature.json
 * @param image made of the plugin's files
 * @returns the public key that it was made with; undefined if the folder has no signature
 * @throws {KBertError} `plugin/signature` if there is one that is not of this image
 * @example
 * ```ts
 * import { makeSigningKey, sign, verifySignature } from "./signature.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const { privateKey, publicKey } = await makeSigningKey();
 * const image = { manifest: { name: "mood", version: "1.0.0" }, sha256: "ab".repeat(32) };
 * const bytes = new TextEncoder().encode(JSON.stringify(await sign(image, privateKey)));
 * assertEquals(await verifySignature(bytes, image), { key: publicKey });
 * ```
 */
export async function verifySignature(
  from: string | Uint8Array,
  image: SignedImage,
): Promise<{ key: string } | undefined> {
  const { name } = image.manifest;
  const bytes = typeof from === "string" ? await readSignature(from, name) : from;
  if (bytes === undefined) return undefined;
  const { key, signature } = parse(bytes, name);
  const isValid = await isSignature(
    Uint8Array.fromBase64(key),
    Uint8Array.fromBase64(signature),
    textOf(image),
  );
  if (isValid) return { key };
  const reason = `its signature is not of this code, so that somebody has changed it after it was signed; ` +
    "ask its author, or sign it anew if that is you";
  throw failed(name, reason, { actual: key });
}

/** Signs an image. */
export async function sign(image: SignedImage, privateKey: CryptoKey): Promise<Signature> {
  const signature = new Uint8Array(await crypto.subtle.sign("Ed25519", privateKey, textOf(image)));
  return { format: 1, key: await publicKeyOf(privateKey), signature: signature.toBase64() };
}

/** A new pair. The private key can be exported, to be written to a file. */
export async function makeSigningKey(): Promise<{ privateKey: CryptoKey; publicKey: string }> {
  const { privateKey } = await crypto.subtle.generateKey("Ed25519", true, [
    "sign",
    "verify",
  ]) as CryptoKeyPair;
  return { privateKey, publicKey: await publicKeyOf(privateKey) };
}

/** The public half, which WebCrypto tells only in this roundabout way. */
export async function publicKeyOf(privateKey: CryptoKey): Promise<string> {
  const { x } = await crypto.subtle.exportKey("jwk", privateKey);
  return Uint8Array.fromBase64(x!, { alphabet: "base64url" }).toBase64();
}

async function isSignature(
  key: Uint8Array<ArrayBuffer>,
  signature: Uint8Array<ArrayBuffer>,
  text: Uint8Array<ArrayBuffer>,
): Promise<boolean> {
  try {
    const publicKey = await crypto.subtle.importKey("raw", key, "Ed25519", true, ["verify"]);
    return await crypto.subtle.verify("Ed25519", publicKey, signature, text);
  } catch {
    return false; // the bytes are no key at all
  }
}

/** A list in JSON is unambiguous about where one text ends and the next begins. */
function textOf({ manifest: { name, version }, sha256 }: SignedImage): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify(["k-bert plugin signature 1", name, version, sha256]));
}

async function readSignature(folder: string, plugin: string): Promise<Uint8Array | undefined> {
  const path = `${folder}/${SIGNATURE_FILE}`;
  try {
    const { isFile, size } = await Deno.lstat(path);
    if (!isFile) throw new Error("it is not a file");
    if (size > MAX_BYTES) throw new Error(`it has ${size} bytes, and the limit is ${MAX_BYTES}`);
    return await Deno.readFile(path);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return undefined;
    throw failed(plugin, `${path} cannot be read: ${messageOf(cause)}`, {}, { cause });
  }
}

function parse(bytes: Uint8Array, plugin: string): Signature {
  try {
    if (bytes.length > MAX_BYTES) throw new Error(`it has ${bytes.length} bytes`);
    return signatureSchema.parse(JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)));
  } catch (cause) {
    const reason = `its ${SIGNATURE_FILE} is no signature of format 1; sign it anew, or remove the file`;
    throw failed(plugin, reason, {}, { cause });
  }
}

function failed(
  plugin: string,
  reason: string,
  keys: { actual?: string } = {},
  options?: ErrorOptions,
): KBertError<"plugin/signature"> {
  return new KBertError("plugin/signature", `Cannot trust the plugin ${plugin}: ${reason}`, {
    plugin,
    ...keys,
  }, options);
}
