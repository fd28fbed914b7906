/**
 * `plugin pack`: makes an archive of a plugin that others can add, and that can be published as it is.
 *
 * @module
 */
import { replaceFile } from "../security/private_file.ts";
import { readKeyFile } from "../travel/key_file.ts";
import { encodeSignature, pack } from "../travel/pack.ts";
import { SIGNATURE_FILE } from "../travel/plugin_files.ts";
import { KBertError, messageOf } from "../wall/errors.ts";
import { defineCommand } from "./command.ts";

/** The command. */
export const pluginPack = defineCommand({
  name: "plugin pack",
  summary: "Packs a plugin into an archive that others can add",
  takes: "[PATH]",
  count: [0, 1],
  options: {
    out: { kind: "value", value: "FILE", help: "where it is written; NAME-VERSION.tgz if left out" },
    sign: { kind: "value", value: "KEYFILE", help: `signs it, in ${SIGNATURE_FILE} of its folder` },
    json: { kind: "flag", help: "one line of JSON" },
  },
  details:
    `The archive has plugin.yaml, the modules that the plugin consists of, vendor/, README.md, CHANGELOG.md and
the licence; not its tests, nor anything else of its folder. The same folder gives the same archive, to the byte.

It is laid out as npm has it: "npm publish FILE" publishes it, under the name in the folder's package.json or else
k-bert-plugin-NAME. On a web server, others add it by its address and its hash.

With --sign, signature.json says that whoever has the key vouches for this code. It stays in the folder, so that it
travels with git and JSR too.`,
  examples: [
    { line: "plugin pack", does: "packs the plugin in this folder" },
    { line: "plugin pack plugins/mood --out mood.tgz", does: "packs another one" },
    { line: "plugin pack --sign key.pem", does: "signs it with the key that plugin key has made" },
  ],
  async run([folder = "."], { out, sign: keyFile, json }, io): Promise<void> {
    const signingKey = keyFile === undefined ? undefined : await readKeyFile(keyFile);
    const packed = await pack(folder, { signal: io.signal, ...(signingKey && { signingKey }) });
    const { bytes, archiveSha256, image: { manifest: { name, version }, sha256 }, signature, files } = packed;
    const file = out ?? `${name}-${version}.tgz`;
    await write(file, bytes);
    if (signingKey) await write(`${folder}/${SIGNATURE_FILE}`, encodeSignature(signature!));
    const key = signature?.key;
    if (json) {
      const all = {
        name,
        version,
        file,
        bytes: bytes.length,
        archiveSha256,
        imageSha256: sha256,
        key,
        files,
      };
      return io.print(JSON.stringify(all));
    }
    io.print(`${file}  ${bytes.length} bytes`);
    io.print(`archive  sha256 ${archiveSha256}`);
    io.print(`image    sha256 ${sha256}`);
    if (key !== undefined) io.print(`signed with ${key}`);
    for (const { path, bytes } of files) io.print(`  ${path}  ${bytes} bytes`);
  },
});

/** In one step: whoever fetches it meanwhile gets the whole of the old one or of the new one. */
async function write(path: string, bytes: Uint8Array): Promise<void> {
  try {
    await replaceFile(path, bytes, 0o644);
  } catch (cause) {
    throw new KBertError("file/unusable", `Cannot write ${path}: ${messageOf(cause)}`, { path }, { cause });
  }
}
