/**
 * `checkpoint.json`: what a checkpoint says of itself, with the size and SHA-256 of each of its files.
 *
 * The same schema is used for writing and for reading, so that nothing is written which a later run would
 * refuse: better to hear of it while the model is still in memory.
 *
 * @module
 */
import { z } from "../deps/zod.ts";

/** The manifest's name in the checkpoint's folder. */
export const MANIFEST = "checkpoint.json";

/** Read as a whole before anything in it is known; a run's records are far smaller. */
const MAX_BYTES = 16 * 2 ** 20;

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, "must be 64 hexadecimal digits");

const plugin = z.strictObject({ name: z.string(), version: z.string(), sha256 });

const manifest = z.strictObject({
  format: z.literal(1),
  step: z.int().min(0).max(99_999_999),
  epoch: z.int().nonnegative(),
  seed: z.int(),
  configHash: z.string(),
  generator: z.array(z.int()),
  plugins: z.array(plugin),
  files: z.record(
    // No separators, no dots: a name can lead nowhere but into the checkpoint's folder.
    z.string().regex(/^[a-z][a-z0-9-]*\.safetensors$/),
    z.strictObject({ bytes: z.int().nonnegative(), sha256 }),
  ),
  data: z.record(z.string(), z.json()),
});

/** The contents of `checkpoint.json`. */
export type Manifest = z.infer<typeof manifest>;

/** A plugin that took part in a run, with the hash of its image in hexadecimal. */
export type CheckpointPlugin = Readonly<z.infer<typeof plugin>>;

/**
 * The manifest as bytes.
 *
 * @throws {TypeError} if a later run would refuse to read it: it comes from a mistake in the program.
 */
export function encodeManifest(value: unknown): Uint8Array {
  const parsed = manifest.safeParse(value);
  if (!parsed.success) throw new TypeError(`Cannot save the checkpoint: ${firstProblem(parsed.error)}`);
  const bytes = new TextEncoder().encode(JSON.stringify(parsed.data, null, 2) + "\n");
  if (bytes.length <= MAX_BYTES) return bytes;
  throw new TypeError(
    `Cannot save the checkpoint: its data may have ${MAX_BYTES} bytes as JSON, not ${bytes.length}`,
  );
}

/**
 * Reads the manifest of a checkpoint.
 *
 * @param folder the checkpoint's
 * @throws {Error} with the reason, if it is missing, too large or not what was written.
 */
export async function readManifest(folder: string): Promise<Manifest> {
  const path = `${folder}/${MANIFEST}`;
  const size = await sizeOfFile(path);
  if (size > MAX_BYTES) throw new Error(`${MANIFEST} may have ${MAX_BYTES} bytes and has ${size}`);
  const parsed = manifest.safeParse(parseJson(await Deno.readTextFile(path)));
  if (!parsed.success) throw new Error(`${MANIFEST} is damaged: ${firstProblem(parsed.error)}`);
  return parsed.data;
}

/**
 * The size of a file in bytes. A link is not followed: it could lead to a device that never ends.
 *
 * @throws {Error} with the reason, if it is missing or no file.
 */
export async function sizeOfFile(path: string): Promise<number> {
  const name = path.slice(path.lastIndexOf("/") + 1);
  const info = await Deno.lstat(path).catch((error) => {
    throw error instanceof Deno.errors.NotFound ? new Error(`${name} is missing`, { cause: error }) : error;
  });
  if (!info.isFile) throw new Error(`${name} is not a file`);
  return info.size;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`${MANIFEST} is damaged: it is not JSON`, { cause: error });
  }
}

function firstProblem(error: z.ZodError): string {
  const issue = error.issues[0]!;
  return `${issue.path.join(".") || "the document"}: ${issue.message}`;
}
