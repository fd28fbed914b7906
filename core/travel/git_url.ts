/**
 * Which addresses of repositories are taken. Git understands many more, and some of them start programs (`ext::`), or
 * are read as options; so what is taken is listed, not what is not.
 *
 * @module
 */
import { isLoopback } from "./download.ts";
import { quoted, refusedSource, withoutPassword } from "./source_errors.ts";

/** An address that git may be given. */
export interface GitAddress {
  /** As git takes it, with what its user has put into it. */
  readonly url: string;
  /** Without a password, and without a user name where that is half of one: for lock files and sentences. */
  readonly shown: string;
  /** The ways that git may use, divided by colons. */
  readonly protocols: string;
}

/** `user@host:path`, as most servers show it. */
const SCP_FORM = /^[A-Za-z0-9_][\w.-]*@[A-Za-z0-9][\w.-]*:(?!\/\/)[\w~/.][^\s\p{Cc}]*$/u;
/** What git allows as the name of a branch or tag, and what is not read as an option or a rule for several. */
const BRANCH = /^(?![-+/.])(?!.*(?:\.\.|@\{|\/\/|\.lock(?:\/|$)))[^\s\p{Cc}~^:?*[\\]+(?<![./])$/u;
const COMMIT = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;

/**
 * Takes the address of a repository apart.
 *
 * @throws {KBertError} `source/refused` if it is none that is taken
 * @example
 * ```ts
 * import { gitAddress } from "./git_url.ts";
 * import { assertEquals, assertThrows } from "../deps/assert.ts";
 *
 * assertEquals(gitAddress("https://ada:secret@example.com/head.git").shown, "https://example.com/head.git");
 * assertThrows(() => gitAddress("ext::sh -c id"), Error, "is not an address of a repository that is taken");
 * ```
 */
export function gitAddress(text: string): GitAddress {
  if (SCP_FORM.test(text)) return { url: text, shown: text, protocols: "ssh" };
  const shown = withoutPassword(text);
  const url = URL.canParse(text) && !/[\s\p{Cc}]/u.test(text) ? new URL(text) : undefined;
  const protocols = url && protocolsOf(url);
  if (url === undefined || protocols === undefined) {
    const advice = "an address begins with https://, ssh:// or file:///, or is user@host:path";
    throw refusedSource(shown, `${quoted(shown)} is not an address of a repository that is taken; ${advice}`);
  }
  const plain = new URL(url);
  plain.password = "";
  if (protocols !== "ssh") plain.username = "";
  return { url: text, shown: plain.href, protocols };
}

function protocolsOf({ protocol, hostname, username }: URL): string | undefined {
  if (hostname.startsWith("-") || username.startsWith("-")) return undefined;
  if (protocol === "file:") return hostname === "" ? "file" : undefined;
  if (protocol === "ssh:") return hostname === "" ? undefined : "ssh";
  if (protocol === "http:" && isLoopback(hostname)) return "http";
  return protocol === "https:" ? "https" : undefined;
}

/** @throws {KBertError} `source/refused` if it is not the name of a branch or tag */
export function checkBranch(branch: string, source: string): void {
  if (branch.length <= 250 && BRANCH.test(branch)) return;
  throw refusedSource(source, `${quoted(branch)} is not the name of a branch or tag; correct it`);
}

/** @throws {KBertError} `source/refused` if it is not the whole hash of a commit */
export function checkCommit(commit: string, source: string): void {
  if (COMMIT.test(commit)) return;
  throw refusedSource(source, `${quoted(commit)} is not a commit; write all 40 characters of its hash`);
}
