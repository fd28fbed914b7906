/**
 * Where the files of a plugin come from: a folder, or a folder on a web server.
 *
 * A file is asked for by its path inside the plugin, and a source answers only what lies there: a link that
 * leads out of the folder is refused, and so is a redirect to another server.
 *
 * @module
 */
import { KBertError, messageOf } from "../wall/errors.ts";
import { withSdkNames } from "./sdk_names.ts";

/** Reads files of one plugin. */
export interface PluginSource {
  /** For errors, until the manifest has told the plugin's name. */
  readonly name: string;
  /** Where it is, for people. */
  readonly location: string;
  /** At most `maxBytes + 1` bytes of a file, so that the caller sees that there are more. */
  read(file: string, maxBytes: number): Promise<Uint8Array>;
}

/** How a source is read. */
export interface SourceOptions {
  /** Longest that a web server may take for one file. @default {30_000} */
  timeoutMs?: number;
}

/** A plugin at a path, or at an `http(s):` or `file:` URL. */
export function pluginSource(
  location: string | URL,
  { timeoutMs = 30_000 }: SourceOptions = {},
): PluginSource {
  const text = String(location);
  if (/^https?:/.test(text)) return webSource(new URL(text.endsWith("/") ? text : `${text}/`), timeoutMs);
  return folderSource(text.startsWith("file:") ? decodeURIComponent(new URL(text).pathname) : text);
}

function folderSource(folder: string): PluginSource {
  const path = folder.replace(/\/+$/, "");
  const name = path.split("/").at(-1) || path;
  return {
    name,
    location: path,
    async read(file, maxBytes): Promise<Uint8Array> {
      try {
        const root = await Deno.realPath(path);
        const real = await Deno.realPath(`${root}/${file}`);
        if (!real.startsWith(`${root}/`)) {
          throw new Error("it is a link that leads out of the plugin's folder");
        }
        // Before it is opened: a pipe would wait there until somebody writes to it.
        if (!(await Deno.stat(real)).isFile) throw new Error("it is not a file");
        const handle = await Deno.open(real); // its stream closes it
        return await readAtMost(handle.readable, maxBytes);
      } catch (cause) {
        throw unreadable(name, file, `${path}/${file}`, cause);
      }
    },
  };
}

function webSource(base: URL, timeoutMs: number): PluginSource {
  const name = base.pathname.split("/").at(-2) || base.host;
  return {
    name,
    location: base.href,
    async read(file, maxBytes): Promise<Uint8Array> {
      const url = new URL(file, base);
      const giveUp = new AbortController();
      const timer = setTimeout(
        () => giveUp.abort(new Error(`the server did not send it within ${timeoutMs} ms`)),
        timeoutMs,
      );
      try {
        if (!url.href.startsWith(base.href)) throw new Error("it is not in the plugin's folder");
        const { ok, status, body } = await fetch(url, { redirect: "error", signal: giveUp.signal });
        if (ok && body) return withSdkNames(await readAtMost(body, maxBytes), url.href);
        await body?.cancel();
        throw new Error(`the server answers ${status}`);
      } catch (cause) {
        throw unreadable(name, file, url.href, cause);
      } finally {
        clearTimeout(timer);
      }
    },
  };
}

/** Stops after the first chunk that goes over the limit: a server may send for ever. */
async function readAtMost(stream: ReadableStream<Uint8Array>, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    chunks.push(chunk);
    if ((bytes += chunk.length) > maxBytes) break;
  }
  return new Uint8Array(await new Blob(chunks as BlobPart[]).arrayBuffer());
}

function unreadable(plugin: string, file: string, path: string, cause: unknown): KBertError {
  const reason = cause instanceof Deno.errors.NotFound ? "there is no such file" : messageOf(cause);
  const message = `Cannot read ${path} of the plugin ${plugin}: ${reason}`;
  return new KBertError("plugin/image", message, { plugin, file }, { cause });
}
