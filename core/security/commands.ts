/**
 * Command lines that do what an error says is missing, to be copied from it into a shell.
 *
 * The one that grants a plugin what it asks for names every right, so that it can be read before it is run,
 * shortened, and run from any folder and for an image whose folder is not there. A stranger chose the values: each sign that some shell would take for
 * more than itself is percent-encoded, because how to quote is another thing in every shell.
 *
 * @module
 */
import { folderOf, type Grant, HOME_VARIABLE } from "./grants.ts";
import { LISTED_RIGHTS, type Permissions } from "./permissions.ts";

/**
 * The command that makes this grant.
 *
 * @param store the path of the file of grants, and whether it is the one that is used if nobody says otherwise
 * @example
 * ```ts
 * import { allowCommand } from "./commands.ts";
 * import { NO_PERMISSIONS } from "./permissions.ts";
 * import { assertMatch } from "../deps/assert.ts";
 *
 * const permissions = { ...NO_PERMISSIONS, read: ["my data"] };
 * const grant = { name: "spam_head", version: "1.2.0", sha256: "0".repeat(64), permissions, textAndNetwork: false };
 * const command = allowCommand(grant, { path: "/home/me/.k-bert/grants.json", isDefault: true });
 * assertMatch(command, /^deno run .*cli\.ts grants allow spam_head@1\.2\.0 --sha256=0+ --read=my%20data$/);
 * ```
 */
export function allowCommand(
  { name, version, sha256, permissions, textAndNetwork }: Omit<Grant, "time">,
  store: { readonly path: string; readonly isDefault: boolean },
): string {
  const rights = store.isDefault ? [`--allow-env=${HOME_VARIABLE}`] : [];
  return [
    programCommand(folderOf(store.path), rights),
    `grants allow ${name}@${version} --sha256=${sha256}`,
    ...rightOptions(permissions),
    ...(textAndNetwork ? ["--text-and-network"] : []),
    ...(store.isDefault ? [] : [shellWord(`--file=${store.path}`)]),
  ].join(" ");
}

/** The command line that installs the packages of a plugin in a folder of the user's. */
export function installCommand(folder: string): string {
  return `${programCommand(folder, ["--allow-run=deno"])} plugin install ${shellWord(folder)}`;
}

/** How this project's program is started with a folder to read and write, other rights, and more to read. */
export function programCommand(
  folder: string,
  rights: readonly string[],
  alsoRead: readonly string[] = [],
): string {
  const program = new URL("../../cli.ts", import.meta.url);
  const listed = (paths: readonly string[]): string =>
    paths.map((path) => path.replaceAll(",", ",,")).join(","); // Deno's flags take lists
  return [
    "deno run --no-prompt",
    ...(program.protocol === "file:" ? [] : [`--allow-import=${program.host}`]),
    ...rights,
    shellWord(`--allow-read=${listed([folder, ...alsoRead])}`),
    shellWord(`--allow-write=${listed([folder])}`),
    shellWord(program.href),
  ].join(" ");
}

/** The options of `grants allow` that say these rights. */
export function rightOptions(permissions: Permissions): string[] {
  return [
    ...LISTED_RIGHTS.flatMap((right) =>
      permissions[right].map((value) => `--${right}=${encodeValue(value)}`)
    ),
    ...(permissions.gpu ? ["--gpu"] : []),
  ];
}

/**
 * A value with everything percent-encoded that is not a letter, a digit or one of `_ . / : @ + -`.
 *
 * @example
 * ```ts
 * import { decodeValue, encodeValue } from "./commands.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * assertEquals(encodeValue("a b'$(c)"), "a%20b%27%24%28c%29");
 * assertEquals(decodeValue(encodeValue("100% données")), "100% données");
 * ```
 */
export function encodeValue(value: string): string {
  return value.replace(
    /[^A-Za-z0-9_.\/:@+\p{Lu}\p{Ll}\p{Lo}-]|\p{Default_Ignorable_Code_Point}/gu,
    (sign) =>
      [...new TextEncoder().encode(sign)].map((byte) =>
        `%${byte.toString(16).padStart(2, "0").toUpperCase()}`
      )
        .join(""),
  );
}

/**
 * The inverse of {@linkcode encodeValue}.
 *
 * @throws {URIError} if a `%` is not followed by two hexadecimal digits, or the bytes are no UTF-8
 */
export function decodeValue(text: string): string {
  return decodeURIComponent(text);
}

/** For paths of the user's own. */
export function shellWord(text: string): string {
  return /^[A-Za-z0-9_.\/:@+,=%\\-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
