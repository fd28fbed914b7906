/**
 * The file that an author's private key is in: PKCS #8 in PEM, which other programs (`openssl pkey`) understand.
 *
 * It is never written over, because what it signed could not be continued with another key; and a key that others may
 * read is not used.
 *
 * @module
 */
import { KBertError, messageOf } from "../wall/errors.ts";
import { makeSigningKey } from "./signature.ts";

const BEGIN = "-----BEGIN PRIVATE KEY-----";
const END = "-----END PRIVATE KEY-----";
const MAX_BYTES = 4_096;

/**
 * Makes a key and writes it to a new file that only its user may read.
 *
 * @returns the public key, in base64
 * @throws {KBertError} `file/unusable` if there is something at the path, or it cannot be written
 * @example
 * ```ts
 * import { readKeyFile, writeKeyFile } from "./key_file.ts";
 * import { publicKeyOf } from "./signature.ts";
 * import { assertEquals, assertRejects } from "../deps/assert.ts";
 *
 * const folder = await Deno.makeTempDir();
 * const publicKey = await writeKeyFile(`${folder}/key.pem`);
 * assertEquals(await publicKeyOf(await readKeyFile(`${folder}/key.pem`)), publicKey);
 * await assertRejects(() => writeKeyFile(`${folder}/key.pem`), Error, "there is something already");
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export async function writeKeyFile(path: string): Promise<string> {
  const { privateKey, publicKey } = await makeSigningKey();
  const der = new Uint8Array(await crypto.subtle.exportKey("pkcs8", privateKey));
  const lines = der.toBase64().match(/.{1,64}/g)!;
  try {
    await Deno.writeTextFile(path, [BEGIN, ...lines, END, ""].join("\n"), { createNew: true, mode: 0o600 });
  } catch (cause) {
    const reason = cause instanceof Deno.errors.AlreadyExists
      ? "there is something already, and a key is never written over; choose another path"
      : messageOf(cause);
    throw new KBertError("file/unusable", `Cannot write a key to ${path}: ${reason}`, { path }, { cause });
  }
  return publicKey;
}

/**
 * Reads a private key.
 *
 * @throws {KBertError} `file/unusable` if there is none, it is no Ed25519 key, or others may read it
 */
export async function readKeyFile(path: string): Promise<CryptoKey> {
  try {
    const { isFile, mode, size } = await Deno.stat(path);
    if (!isFile || size > MAX_BYTES) throw new Error("it is no key file; make one with plugin key");
    if (mode !== null && (mode & 0o077) !== 0) {
      throw new Error(`other users may read or write it; if nobody has, chmod 600 ${path}`);
    }
    return await parse(await Deno.readTextFile(path));
  } catch (cause) {
    const reason = cause instanceof Deno.errors.NotFound
      ? "there is no such file; make one with plugin key"
      : messageOf(cause);
    throw new KBertError("file/unusable", `Cannot sign with ${path}: ${reason}`, { path }, { cause });
  }
}

async function parse(text: string): Promise<CryptoKey> {
  const [, base64] =
    /^-----BEGIN PRIVATE KEY-----\s([A-Za-z0-9+/=\s]+)-----END PRIVATE KEY-----\s*$/.exec(text) ?? [];
  try {
    const der = Uint8Array.fromBase64(base64 ?? "none");
    return await crypto.subtle.importKey("pkcs8", der, "Ed25519", true, ["sign"]);
  } catch (cause) {
    throw new Error("it has no private Ed25519 key in PEM; make one with plugin key", { cause });
  }
}
