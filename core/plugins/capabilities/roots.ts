/**
 * Where in the file system a plugin may be: below the folders (or at the files) that it was granted.
 *
 * A path is compared twice: as it is written, before anything is asked of the disk, so that a plugin learns
 * nothing about other places; and as the disk resolves it, so that a link does not lead out. Between that
 * and the use of the path another program can still put a link there (Deno opens nothing relative to a
 * folder that is already open), which {@linkcode Roots} cannot see; a plugin cannot, because nothing that it may do makes links.
 *
 * @module
 */
import { dirname, isAbsolute, join, normalize, sep } from "node:path";
import { KBertError } from "../../wall/errors.ts";
import { hostMayNot, notGranted, refused, shown } from "./refusal.ts";

/** In the user's home: what was granted, and plugins. See core/security/grants.ts. */
const OWN_FOLDER = ".k-bert";

/** Folders that a path may go down. */
const MAX_DEPTH = 64;

/** A file that is there or may be made: a real folder, and a name in it. */
export interface Place {
  readonly folder: string;
  readonly name: string;
}

/** The roots of one right of one plugin. They are resolved anew with every use. */
export class Roots {
  readonly #plugin: string;
  readonly #right: "read" | "write";
  readonly #granted: readonly string[];

  /** @param granted relative ones are relative to the working folder of the host */
  constructor(plugin: string, right: "read" | "write", granted: readonly string[]) {
    this.#plugin = plugin;
    this.#right = right;
    this.#granted = granted;
  }

  /**
   * The real path of something that is there.
   *
   * @throws {KBertError} `capability/refused`, `file/unusable` if it is not there
   */
  async find(path: string): Promise<string> {
    const { root, absolute } = await this.#rootOf(path);
    const found = await this.#resolve(absolute, path);
    if (found !== undefined) {
      this.#requireInside(found, root, path);
      this.#refuseOwn(found, path);
      return found;
    }
    // Whether something is there where a link leads is nobody's business.
    await this.#refuseLinkOut(absolute, root, path);
    throw unusable(path, "there is none");
  }

  /**
   * Where a file of this path is or would be; folders on the way are made.
   *
   * @throws {KBertError} `capability/refused`, `file/unusable`
   */
  async place(path: string): Promise<Place> {
    const { root, rest } = await this.#rootOf(path, { makes: true });
    const name = rest.at(-1);
    if (name === undefined) throw unusable(path, "a file is written whole, so a folder has to be granted");
    let folder = root;
    for (const part of rest.slice(0, -1)) {
      const next = join(folder, part);
      if (await this.#lstat(next, path) === undefined) await this.#makeFolder(next, path);
      const real = await this.#resolve(next, path);
      if (real === undefined) throw this.#leadsOut(path);
      this.#requireInside(real, root, path);
      folder = real;
    }
    this.#refuseOwn(join(folder, name), path);
    return { folder, name };
  }

  /** Runs something with the disk; what it throws becomes an error that shows no path of the host. */
  async ask<T>(path: string, run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } catch (error) {
      if (error instanceof KBertError) throw error;
      if (error instanceof Deno.errors.NotCapable) throw hostMayNot(this.#plugin, this.#right, path, path);
      throw unusable(path, reasonOf(error));
    }
  }

  /**
   * The granted root that a path is written below, resolved, and the way from there.
   *
   * @param makes whether a folder that was granted and is not there yet is made: who allowed that files are written
   * in it has allowed that
   */
  async #rootOf(
    path: string,
    { makes = false } = {},
  ): Promise<{ root: string; absolute: string; rest: string[] }> {
    if (path.split(/[/\\]/).includes("..")) {
      throw refused(this.#plugin, this.#right, path, 'write the path without ".."');
    }
    const absolute = absolutePath(path);
    const found = this.#granted.map((grant) => ({ grant, written: absolutePath(grant) }))
      .filter(({ written }) => isWithin(absolute, written))
      .sort((a, b) => b.written.length - a.written.length)[0]; // the nearest to the file
    if (found === undefined) throw notGranted(this.#plugin, this.#right, path);
    const { grant, written } = found;
    const rest = absolute.slice(written.length).split(sep).filter((part) => part !== "");
    if (rest.length > MAX_DEPTH) throw unusable(path, `it goes down more than ${MAX_DEPTH} folders`);
    await this.#requireRights(written, path, grant);
    let root = await this.#resolve(written, path);
    if (root === undefined && makes && rest.length > 0) {
      await this.ask(path, () => Deno.mkdir(written, { recursive: true }));
      root = await this.#resolve(written, path);
    }
    if (root === undefined) throw unusable(path, "what was granted is not there");
    if (root !== written) await this.#requireRights(root, path, root);
    return { root, absolute, rest };
  }

  /**
   * Asked before, because Deno would ask the user on a terminal, and its question does not name the plugin.
   * To resolve a path, Deno wants the right to read it, also where it is only to be written.
   */
  async #requireRights(root: string, path: string, flag: string): Promise<void> {
    for (const name of this.#right === "write" ? ["read", "write"] as const : ["read"] as const) {
      const { state } = await Deno.permissions.query({ name, path: root });
      if (state !== "granted") throw hostMayNot(this.#plugin, name, path, flag);
    }
  }

  #requireInside(real: string, root: string, path: string): void {
    if (!isWithin(real, root)) throw this.#leadsOut(path);
  }

  /** Whoever could write the grants of the user would grant himself whatever he likes. */
  #refuseOwn(real: string, path: string): void {
    if (!real.split(sep).includes(OWN_FOLDER)) return;
    throw refused(
      this.#plugin,
      this.#right,
      path,
      "the grants of the user are there, and no plugin gets at them",
    );
  }

  #leadsOut(path: string): KBertError<"capability/refused"> {
    const reason = "a link leads out of what was granted, or nowhere; grant the place where it leads";
    return refused(this.#plugin, this.#right, path, reason);
  }

  /** For a path that is not there: where is the last part of it that is? */
  async #refuseLinkOut(absolute: string, root: string, path: string): Promise<void> {
    let at = absolute;
    while (await this.#lstat(at, path) === undefined) at = dirname(at);
    const real = await this.#resolve(at, path);
    if (real === undefined) throw this.#leadsOut(path);
    this.#requireInside(real, root, path);
  }

  async #resolve(absolute: string, path: string): Promise<string | undefined> {
    return await this.ask(path, () => ifThere(() => Deno.realPath(absolute)));
  }

  async #lstat(absolute: string, path: string): Promise<Deno.FileInfo | undefined> {
    return await this.ask(path, () => ifThere(() => Deno.lstat(absolute)));
  }

  async #makeFolder(absolute: string, path: string): Promise<void> {
    await this.ask(path, async () => {
      await Deno.mkdir(absolute).catch((error) => {
        if (!(error instanceof Deno.errors.AlreadyExists)) throw error; // made by another call meanwhile
      });
    });
  }
}

/** `undefined` for what is not there. */
export async function ifThere<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return undefined;
    throw error;
  }
}

/** Says what is wrong with a file, by the name that the plugin gave it. */
export function unusable(path: string, reason: string): KBertError<"file/unusable"> {
  const name = shown(path);
  return new KBertError("file/unusable", `Cannot use the file ${name}: ${reason}`, { path: name });
}

function absolutePath(path: string): string {
  const absolute = normalize(isAbsolute(path) ? path : join(Deno.cwd(), path));
  return absolute.length > 1 && absolute.endsWith(sep) ? absolute.slice(0, -1) : absolute;
}

function isWithin(path: string, root: string): boolean {
  return path === root || path.startsWith(root.endsWith(sep) ? root : root + sep);
}

/** By the kind of error: its message names paths of the host. */
function reasonOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === "string" ? `the system says ${code}` : "the system does not allow it";
}
