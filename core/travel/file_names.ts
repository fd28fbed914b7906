/**
 * Which names a file may have that comes from elsewhere, whatever it is: names that mean the same file, and no other
 * one, on every system that it may be put on.
 *
 * Nothing is cleaned: a name that is not as it should be refuses all that it came with. Whoever writes `..` in a
 * name did not make a mistake that should be mended silently.
 *
 * @module
 */
import { ARCHIVE_LIMITS } from "./archive_limits.ts";
import { quoted } from "./source_errors.ts";

/** Names that Windows keeps for devices, whatever comes after a dot. */
const RESERVED = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(?:\..*)?$/i;
/** Control characters, invisible ones and those that turn the direction of a text around. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}\ufffd]/u;
/** What Windows has no files for; a backslash and a colon have sentences of their own. */
const NOT_ON_WINDOWS = /[<>"|?*]/;

/**
 * What is wrong with the path of a file or folder below a root, as the end of a sentence; undefined if nothing is.
 * Parts are divided by `/`, with none at the end.
 *
 * @example
 * ```ts
 * import { nameProblem } from "./file_names.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * assertEquals(nameProblem("src/head.ts"), undefined);
 * assertEquals(nameProblem("../head.ts"), '"../head.ts" leads out of the plugin\'s folder');
 * ```
 */
export function nameProblem(path: string): string | undefined {
  const is = (what: string): string => `${quoted(path)} ${what}`;
  const bytes = new TextEncoder().encode(path).length;
  if (path === "") return "a file has no name";
  if (bytes > ARCHIVE_LIMITS.pathBytes) {
    return is(`has ${bytes} bytes in its path, and the limit is ${ARCHIVE_LIMITS.pathBytes}`);
  }
  if (UNSEEN.test(path)) return is("has characters that cannot be seen");
  if (path.includes("\\")) return is("has a backslash, which divides folders on Windows");
  if (/^[a-z]:/i.test(path)) return is("begins with a drive letter");
  if (path.startsWith("/")) return is("is an absolute path");
  for (const part of path.split("/")) {
    if (part === "..") return is("leads out of the plugin's folder");
    if (part === "" || part === ".") return is("has an empty part");
    if (part.includes(":")) return is("has a colon, which Windows reads as something else than a name");
    if (NOT_ON_WINDOWS.test(part)) return is("has a character that Windows does not allow in names");
    if (/[. ]$/.test(part)) return is("has a part that ends with a dot or a blank, which Windows takes away");
    if (RESERVED.test(part)) return is("has a name that Windows keeps for a device");
  }
}

/**
 * What two names have in common that are one file on some systems: those that make no difference between upper and
 * lower case (Windows, macOS), or between the forms of Unicode (macOS).
 *
 * @example
 * ```ts
 * import { sameName } from "./file_names.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * assertEquals(sameName("Stra\u00dfe/A\u030a.ts"), sameName("STRASSE/\u00e5.ts"));
 * ```
 */
export function sameName(path: string): string {
  return path.normalize("NFKC").toUpperCase().toLowerCase().normalize("NFKC");
}
