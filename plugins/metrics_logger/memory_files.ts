/**
 * Files in memory, for tests of what writes files.
 *
 * @module
 */
import type { Files } from "k-bert/sdk";

/** What was written by path, and each path that was written to, in order. */
export class MemoryFiles implements Pick<Files, "write"> {
  readonly contents = new Map<string, Uint8Array>();
  readonly writes: string[] = [];
  /** What the next writes throw; nothing is written then. */
  failure: Error | undefined;

  write(path: string, content: string | Uint8Array): Promise<void> {
    this.writes.push(path);
    if (this.failure) return Promise.reject(this.failure);
    this.contents.set(
      path,
      typeof content === "string" ? new TextEncoder().encode(content) : content.slice(),
    );
    return Promise.resolve();
  }

  /** The contents of all files whose path matches, by path. */
  matching(pattern: RegExp): Uint8Array[] {
    return [...this.contents].filter(([path]) => pattern.test(path)).toSorted().map(([, bytes]) => bytes);
  }
}
