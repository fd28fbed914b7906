/**
 * `plugin key`: makes the key that an author signs plugins with.
 *
 * @module
 */
import { writeKeyFile } from "../travel/key_file.ts";
import { defineCommand } from "./command.ts";

/** The command. */
export const pluginKey = defineCommand({
  name: "plugin key",
  summary: "Makes a key to sign plugins with",
  takes: "FILE",
  count: [1, 1],
  options: { json: { kind: "flag", help: "one line of JSON" } },
  details:
    `The private key is written to a new file that only you can read (PKCS #8 in PEM); keep it, and a copy of it,
where nobody else is. What is printed is the public key, which you can show to everybody: those who add your plugin see
it, and are told if a later version has another one, or none.`,
  examples: [{ line: "plugin key key.pem", does: "makes a key, for plugin pack --sign key.pem" }],
  async run([file], { json }, io): Promise<void> {
    const key = await writeKeyFile(file!);
    io.print(json ? JSON.stringify({ file, key }) : key);
    if (!json) io.note(`The private key is in ${file}; plugin pack --sign ${file} signs with it`);
  },
});
