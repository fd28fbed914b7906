/**
 * The temporary folder that fetching works in: a part for programs, which is gone when they are done, and the
 * plugin's folder, which goes to whoever asked.
 *
 * @module
 */
import { KBertError, messageOf } from "../wall/errors.ts";

/** Owns its folder, until it is disposed of. */
export class Scratch implements AsyncDisposable {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** @throws {KBertError} `file/unusable` if no folder can be made in this one */
  static async make(parent: string): Promise<Scratch> {
    try {
      await Deno.mkdir(parent, { recursive: true });
      return new Scratch(await Deno.realPath(await Deno.makeTempDir({ dir: parent, prefix: ".fetching-" })));
    } catch (cause) {
      const message = `Cannot fetch a plugin into ${parent}: ${messageOf(cause)}`;
      throw new KBertError("file/unusable", message, { path: parent }, { cause });
    }
  }

  /** Where the plugin's folder is made; not there at first. */
  get plugin(): string {
    return `${this.#folder}/plugin`;
  }

  /** A folder for programs, which exists until {@linkcode clear}. */
  async work(): Promise<string> {
    const folder = `${this.#folder}/work`;
    await Deno.mkdir(folder, { recursive: true });
    return folder;
  }

  /** Removes all but the plugin's folder. */
  clear(): Promise<void> {
    return removeIfThere(`${this.#folder}/work`);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return removeIfThere(this.#folder);
  }
}

/** A program that was ended may have a helper that still writes: what it makes meanwhile is removed as well. */
async function removeIfThere(path: string): Promise<void> {
  for (let turn = 0; turn < 40; turn++) {
    try {
      return await Deno.remove(path, { recursive: true });
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return;
      if (turn === 39) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
