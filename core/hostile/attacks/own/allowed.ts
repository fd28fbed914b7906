/**
 * Whether an attack may do something with the rights that it was given. Written for the attacks, beside what the host
 * does, so that a mistake of the host is not repeated here.
 *
 * @module
 */
import { RIGHTS } from "./rights.ts";

/** Whether who may hear the declared patterns may listen to this one. */
export function mayHear(pattern: string): boolean {
  return RIGHTS.listens.some((declared) => covers(declared.split("."), pattern.split(".")));
}

/** Whether a request to this URL stays with a granted host; one without a port is granted the usual ports. */
export function mayConnect(text: string): boolean {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== "" || url.password !== "") {
    return false;
  }
  const usual = url.protocol === "http:" ? 80 : 443;
  const port = url.port === "" ? usual : Number(url.port);
  return RIGHTS.net.some((grant) => {
    const [, host = "", number] = /^(.*?)(?::(\d+))?$/.exec(grant.toLowerCase()) ?? [];
    return host === url.hostname && (number === undefined ? port === usual : port === Number(number));
  });
}

/** Whether a path, written without detours, lies in a granted folder. */
export function mayTouch(right: "read" | "write", path: string): boolean {
  return RIGHTS[right].some((root) => path === root || path.startsWith(`${root}/`)) &&
    !/\.\.|\/\.\/|\/\//.test(path);
}

/** `>` stands for one word or more at the end, `*` for one; a pattern is covered by one that is as wide. */
function covers([word, ...rest]: readonly string[], [other, ...others]: readonly string[]): boolean {
  if (word === undefined || other === undefined) return word === other;
  if (word === ">") return rest.length === 0;
  if (word !== other && (word !== "*" || other === ">")) return false;
  return covers(rest, others);
}
