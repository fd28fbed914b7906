/**
 * What the user has allowed to which plugins: a file in the home folder, outside of every project.
 *
 * A grant holds for exactly one image, by its hash. A file that cannot be understood is an error and is never
 * written over: "no grants" is only what a missing file says. Whoever writes holds a lock of the operating
 * system, which ends with its process, reads the file anew and puts a whole new file in its place, so two
 * programs that write at once lose nothing and a reader never sees half of a file.
 *
 * @module
 */
import { z } from "../deps/zod.ts";
import { isVersion } from "../manifest/dependency.ts";
import { manifestSchema } from "../manifest/schema.ts";
import { validate } from "../manifest/validate.ts";
import { KBertError, messageOf } from "../wall/errors.ts";
import { lockedFile, readPrivateFile, replacePrivateFile } from "./private_file.ts";
import type { Permissions } from "./permissions.ts";

/** One thing that the user has agreed to. */
export interface Grant {
  /** Of the plugin. */
  readonly name: string;
  /** Of the plugin; for people, for the hash says which code it is. */
  readonly version: string;
  /** Of the image. */
  readonly sha256: string;
  readonly permissions: Permissions;
  /** Whether it may have the network although it sees texts. */
  readonly textAndNetwork: boolean;
  /** When the user agreed, in ISO 8601. */
  readonly time: string;
}

/** Bounds of the file. */
export const GRANT_LIMITS = {
  /** What a file may have, in bytes, to be read at all. */
  bytes: 1_000_000,
  /** Grants of one plugin; an older one is forgotten, and asked for again if its code should come back. */
  perPlugin: 16,
} as const;

const SHA256 = /^[0-9a-f]{64}$/;

/** A grant as it is in the file. */
export const grantSchema = z.strictObject({
  name: manifestSchema.shape.name,
  version: z.string().refine(isVersion, "a version such as 1.2.3"),
  sha256: z.string().regex(SHA256, "64 hexadecimal digits in small letters"),
  permissions: manifestSchema.shape.permissions,
  textAndNetwork: z.boolean(),
  time: z.iso.datetime({ error: "a time such as 2026-01-31T12:00:00.000Z" }),
});

const fileSchema = z.strictObject({
  format: z.literal("k-bert grants"),
  version: z.literal(1),
  grants: z.array(grantSchema),
});

/**
 * The grants of one file. What is read is what was there when it was opened; what is written is added to
 * what is there by then.
 *
 * @example
 * ```ts
 * import { GrantStore } from "./grants.ts";
 * import { NO_PERMISSIONS } from "./permissions.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const folder = await Deno.makeTempDir();
 * const store = await GrantStore.open(`${folder}/grants.json`);
 * const sha256 = "0".repeat(64);
 * const permissions = { ...NO_PERMISSIONS, gpu: true };
 * await store.grant({ name: "spam_head", version: "1.0.0", sha256, permissions, textAndNetwork: false });
 *
 * assertEquals(store.find("spam_head", sha256)?.permissions.gpu, true);
 * assertEquals(store.find("spam_head", "1".repeat(64)), undefined);
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export class GrantStore {
  /** The file. */
  readonly path: string;
  #grants: readonly Grant[];

  private constructor(path: string, grants: readonly Grant[]) {
    this.path = path;
    this.#grants = grants;
  }

  /**
   * Reads a file of grants; one that is missing has none.
   *
   * @param path @default {".k-bert/grants.json" in the home folder}
   * @throws {KBertError} `file/unusable` if it cannot be read (with the flag of Deno, if that is what is
   * missing), is too large or can be written by others; `document/invalid` if it is not a file of grants
   */
  static async open(path: string = grantsPath()): Promise<GrantStore> {
    return new GrantStore(path, await readGrants(path));
  }

  /** The grant of exactly this code. */
  find(name: string, sha256: string): Grant | undefined {
    return this.#grants.findLast((grant) => grant.name === name && grant.sha256 === sha256);
  }

  /** What was last granted to a plugin of this name, whatever its code was. */
  latest(name: string): Grant | undefined {
    return this.#grants.findLast((grant) => grant.name === name);
  }

  /** All grants, the oldest first. */
  list(): readonly Grant[] {
    return this.#grants;
  }

  /**
   * Whether {@linkcode grant} has the rights of Deno that it needs, so that nobody is asked in vain.
   */
  get isWritable(): boolean {
    return missingRights(folderOf(this.path), ["read", "write"]).length === 0;
  }

  /**
   * Remembers what the user has agreed to, in place of what was agreed to for the same code.
   *
   * @throws {KBertError} `file/unusable`, `document/invalid` as {@linkcode open} does, and if it cannot be
   * written; the file is untouched then
   */
  async grant(grant: Omit<Grant, "time">): Promise<Grant> {
    const permissions = { ...grant.permissions, services: [] };
    const value = { ...grant, permissions, time: new Date().toISOString() };
    const whole = validate<Grant>(value, grantSchema, { file: `a grant of ${grant.name}` });
    await this.#change((grants) => {
      const others = grants.filter(({ name, sha256 }) => name !== grant.name || sha256 !== grant.sha256);
      const sameName = others.filter(({ name }) => name === grant.name);
      const forgotten = new Set(sameName.slice(0, Math.max(0, sameName.length + 1 - GRANT_LIMITS.perPlugin)));
      return [...others.filter((one) => !forgotten.has(one)), whole];
    });
    return whole;
  }

  /**
   * Forgets all grants of a plugin, of whatever code, and answers them.
   *
   * @throws {KBertError} as {@linkcode grant} does
   */
  async revoke(name: string): Promise<readonly Grant[]> {
    let revoked: readonly Grant[] = [];
    await this.#change((grants) => {
      revoked = grants.filter((grant) => grant.name === name);
      return grants.filter((grant) => grant.name !== name);
    });
    return revoked;
  }

  async #change(change: (grants: readonly Grant[]) => readonly Grant[]): Promise<void> {
    const { path } = this;
    const folder = folderOf(path);
    const missing = missingRights(folder, ["read", "write"]);
    if (missing.length > 0) throw unusable("write", path, `give deno ${missing.join(" ")}`);
    try {
      await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
      using _lock = await lockedFile(`${path}.lock`);
      const grants = change(await readGrants(path));
      const bytes = new TextEncoder().encode(
        `${JSON.stringify({ format: "k-bert grants", version: 1, grants }, null, 1)}\n`,
      );
      if (bytes.length > GRANT_LIMITS.bytes) {
        const size = `it would have ${bytes.length} bytes, and the limit is ${GRANT_LIMITS.bytes}`;
        throw unusable("write", path, `${size}; revoke grants that you no longer need`);
      }
      await replacePrivateFile(path, bytes);
      this.#grants = grants;
    } catch (error) {
      throw error instanceof KBertError ? error : unusable("write", path, messageOf(error), error);
    }
  }
}

/** The environment variable with the home folder. */
export const HOME_VARIABLE = Deno.build.os === "windows" ? "USERPROFILE" : "HOME";

/**
 * The file of the grants of this user.
 *
 * @throws {KBertError} `file/unusable` if the home folder is not known, or Deno may not tell it
 */
export function grantsPath(): string {
  const tilde = "~/.k-bert/grants.json";
  const { state } = Deno.permissions.querySync({ name: "env", variable: HOME_VARIABLE });
  if (state !== "granted") {
    const flags = `--allow-env=${HOME_VARIABLE} --allow-read=$${HOME_VARIABLE}/.k-bert`;
    throw unusable("read", tilde, `this program may not know where the home folder is; give deno ${flags}`);
  }
  const home = Deno.env.get(HOME_VARIABLE) ?? "";
  if (!/^([A-Za-z]:)?[\\/]/.test(home)) {
    throw unusable("read", tilde, `${HOME_VARIABLE} is not set to a folder`);
  }
  return `${home.replace(/[\\/]+$/, "")}/.k-bert/grants.json`;
}

/** The folder of a file. */
export function folderOf(path: string): string {
  const [, folder] = /^(.*)[\\/][^\\/]*$/s.exec(path) ?? [];
  return folder === undefined ? "." : folder === "" ? "/" : folder;
}

async function readGrants(path: string): Promise<readonly Grant[]> {
  const missing = missingRights(path, ["read"]);
  if (missing.length > 0) throw unusable("read", path, `give deno ${missing.join(" ")}`);
  let text: string | undefined;
  try {
    text = await readPrivateFile(path, GRANT_LIMITS.bytes);
  } catch (error) {
    throw unusable("read", path, messageOf(error), error);
  }
  if (text === undefined) return [];
  return validate(parseJson(text, path), fileSchema, { file: path }).grants;
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const reason = `it is damaged (${messageOf(error)}); mend it, or remove it and allow plugins anew`;
    throw unusable("read", path, reason, error);
  }
}

/** The flags of Deno that a program lacks; a right that Deno would ask for is one that it lacks. */
function missingRights(path: string, rights: readonly ("read" | "write")[]): string[] {
  return rights
    .filter((name) => Deno.permissions.querySync({ name, path }).state !== "granted")
    .map((name) => `--allow-${name}=${path}`);
}

function unusable(verb: string, path: string, reason: string, cause?: unknown): KBertError {
  const message = `Cannot ${verb} ${path}, where grants of plugins are kept: ${reason}`;
  return new KBertError("file/unusable", message, { path }, cause === undefined ? undefined : { cause });
}
