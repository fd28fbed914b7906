/**
 * `k-bert.lock`: what each plugin of a place was when it was added, beside the folders of the plugins.
 *
 * It belongs to the project like the lock files of package managers: people read its changes and commit it. A
 * plugin that it names is that code or does not load; one that it does not name is the user's own. What cannot be
 * understood is an error, never a lock without entries.
 *
 * @module
 */
import { z } from "../deps/zod.ts";
import { isVersion } from "../manifest/dependency.ts";
import { manifestSchema } from "../manifest/schema.ts";
import { validate } from "../manifest/validate.ts";
import { KBertError, messageOf } from "../wall/errors.ts";
import { replaceFile } from "./private_file.ts";

/** The name of the file. */
export const LOCK_FILE = "k-bert.lock";

/** Most bytes of a lock that is read: far more than a thousand plugins need. */
const MOST_BYTES = 4_000_000;

const digits = z.string().regex(/^[0-9a-f]{64}$/, "64 hexadecimal digits in small letters");
const text = z.string().min(1);
const version = z.string().refine(isVersion, "a version such as 1.2.3");

/**
 * Exactly what was had from a source: enough to fetch the very same again, or to see that it is gone.
 *
 * The URL of a repository has no user name and no password. `integrity` is of the archive, as npm writes it;
 * `manifestSha256` of JSR's list of files, which has the hash of each. `archiveSha256` is of an archive's bytes.
 */
export type ResolvedSource =
  | { readonly source: "local"; readonly path: string; readonly archiveSha256?: string }
  | {
    readonly source: "git";
    readonly url: string;
    readonly branch?: string;
    readonly commit: string;
  }
  | { readonly source: "npm"; readonly package: string; readonly version: string; readonly integrity: string }
  | {
    readonly source: "jsr";
    readonly package: string;
    readonly version: string;
    readonly manifestSha256: string;
  }
  | { readonly source: "url"; readonly url: string; readonly archiveSha256: string };

const resolvedSource: z.ZodType<ResolvedSource> = z.discriminatedUnion("source", [
  z.strictObject({ source: z.literal("local"), path: text, archiveSha256: digits.exactOptional() }),
  z.strictObject({
    source: z.literal("git"),
    url: text,
    branch: text.exactOptional(),
    commit: z.string().regex(/^[0-9a-f]{40}([0-9a-f]{24})?$/, "a whole commit hash"),
  }),
  z.strictObject({ source: z.literal("npm"), package: text, version, integrity: text }),
  z.strictObject({ source: z.literal("jsr"), package: text, version, manifestSha256: digits }),
  z.strictObject({ source: z.literal("url"), url: text, archiveSha256: digits }),
]);

/** One plugin of a lock. */
export interface LockEntry {
  /** As its manifest says. */
  readonly version: string;
  readonly source: ResolvedSource;
  /** Of its image; the one hash that loading compares. */
  readonly sha256: string;
  /** `plugin.yaml` and every module of the image → hash of its text, to tell what has changed. */
  readonly files: Readonly<Record<string, string>>;
  /** npm packages whose code is in it, `name@version` → integrity, as they were installed and vetted. */
  readonly packages: Readonly<Record<string, string>>;
  /** Public key that signed it, in base64; the next version must be signed with it too. */
  readonly key?: string;
}

const lockEntry: z.ZodType<LockEntry> = z.strictObject({
  version,
  source: resolvedSource,
  sha256: digits,
  files: z.record(text, digits),
  packages: z.record(text, text),
  key: text.exactOptional(),
});

/** Entries by the names of the plugins, which are also those of their folders. */
export type Lock = ReadonlyMap<string, LockEntry>;

const lockSchema = z.strictObject({
  format: z.literal("k-bert lock"),
  version: z.literal(1),
  plugins: z.record(manifestSchema.shape.name, lockEntry),
});

/**
 * Reads the lock of a place; a place without one has no entries.
 *
 * @param place folder of the plugins' folders
 * @throws {KBertError} `file/unusable` if it cannot be read, `document/invalid` if it is no lock
 * @example
 * ```ts
 * import { readLock } from "./lock_file.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * assertEquals((await readLock("no/such/place")).size, 0);
 * ```
 */
export async function readLock(place: string): Promise<Lock> {
  const path = `${place}/${LOCK_FILE}`;
  const content = await textOf(path);
  if (content === undefined) return new Map();
  const { plugins } = validate(parsed(content, path), lockSchema, { file: path });
  return new Map(Object.entries(plugins));
}

/**
 * Puts a whole new lock in the place of the old one; a lock without entries is removed. The caller holds the place.
 *
 * The same entries always give the same bytes, so a lock under version control changes where a plugin did.
 *
 * @throws {KBertError} `file/unusable`; the old lock is untouched then
 */
export async function writeLock(place: string, lock: Lock): Promise<void> {
  const path = `${place}/${LOCK_FILE}`;
  try {
    if (lock.size === 0) return await removeIfThere(path);
    const plugins = Object.fromEntries([...lock].sort(([a], [b]) => a < b ? -1 : 1));
    const content = `${JSON.stringify({ format: "k-bert lock", version: 1, plugins }, null, 2)}\n`;
    await replaceFile(path, new TextEncoder().encode(content), 0o644);
  } catch (cause) {
    throw unusable("write", path, cause);
  }
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    const { isFile, size } = await Deno.stat(path); // before it is opened: a pipe would wait there for ever
    if (!isFile) throw new Error("it is not a file");
    if (size > MOST_BYTES) throw new Error(`it has ${size} bytes, and the limit is ${MOST_BYTES}`);
    return await Deno.readTextFile(path);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return undefined;
    throw unusable("read", path, cause);
  }
}

function parsed(content: string, path: string): unknown {
  try {
    return JSON.parse(content);
  } catch (cause) {
    throw unusable("read", path, new Error(`it is no JSON (${messageOf(cause)}); restore it`, { cause }));
  }
}

async function removeIfThere(path: string): Promise<void> {
  try {
    await Deno.remove(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

function unusable(verb: string, path: string, cause: unknown): KBertError<"file/unusable"> {
  return new KBertError("file/unusable", `Cannot ${verb} ${path}: ${messageOf(cause)}`, { path }, { cause });
}
