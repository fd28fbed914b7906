/**
 * The plugin's side of what the host does in its name: arguments into calls, answers into the SDK's forms.
 *
 * Nothing is checked here that matters: the host checks all of it (core/plugins/capabilities).
 *
 * @module
 */
import type { Channel } from "../core/wall/channel.ts";
import { type Faults, KBertError } from "../core/wall/errors.ts";
import { PluginError } from "../core/wall/failure.ts";
import { type CallOptions, DEFAULT_CALL_TIMEOUT_MS } from "../core/wall/options.ts";
import type { WireValue } from "../core/wall/values.ts";
import type {
  Environment,
  FetchOptions,
  Files,
  FolderEntry,
  Network,
  NetworkAnswer,
} from "../plugins/sdk/capabilities.ts";

/** The host gives up first, because it can say why. */
const SLACK_MS = 2_000;

/** See {@linkcode Network}. */
export function networkClient(channel: Channel): Network {
  return {
    async fetch(url: string | URL, options: FetchOptions = {}): Promise<NetworkAnswer> {
      const { method = "GET", headers = {}, body, timeoutMs = DEFAULT_CALL_TIMEOUT_MS, signal } = options;
      const request = {
        ...{ method, timeoutMs, headers: Object.entries(headers) },
        ...(body !== undefined && { body: bytesOf(body) }),
      };
      const answer = await ask(channel, "net.fetch", [String(url), request], {
        timeoutMs: timeoutMs + SLACK_MS,
        ...(signal && { signal }),
      });
      const { status, headers: pairs, body: bytes } = answer as unknown as WireAnswer;
      const joined = new Map<string, string>();
      for (const [name, value] of pairs) {
        const before = joined.get(name);
        joined.set(name, before === undefined ? value : `${before}, ${value}`);
      }
      return { status, headers: joined, body: bytes };
    },
  };
}

interface WireAnswer {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Uint8Array;
}

/** See {@linkcode Files}. */
export function filesClient(channel: Channel): Files {
  const readBytes = async (path: string): Promise<Uint8Array> =>
    await ask(channel, "files.read", [path]) as Uint8Array;
  return {
    readBytes,
    async readText(path): Promise<string> {
      return new TextDecoder("utf-8", { fatal: true }).decode(await readBytes(path));
    },
    async write(path, content): Promise<void> {
      await ask(channel, "files.write", [path, bytesOf(content)]);
    },
    async list(path): Promise<readonly FolderEntry[]> {
      return await ask(channel, "files.list", [path]) as unknown as readonly FolderEntry[];
    },
  };
}

/** See {@linkcode Environment}. */
export function environmentClient(channel: Channel): Environment {
  return {
    async get(name): Promise<string | undefined> {
      return await ask(channel, "env.get", [name]) as string | undefined;
    },
  };
}

/** Bytes of the plugin are copied, so that it can use them again when a call failed. */
async function ask(
  channel: Channel,
  method: string,
  args: WireValue[],
  options: CallOptions = {},
): Promise<WireValue> {
  try {
    return await channel.call(method, args, { transfer: [], ...options });
  } catch (error) {
    throw asTheHostSaidIt(error);
  }
}

/** That a call to the host failed says less than why; a plugin goes by the code. */
function asTheHostSaidIt(error: unknown): unknown {
  const cause = error instanceof KBertError ? error.cause : undefined;
  if (!(cause instanceof PluginError) || cause.code === undefined) return error;
  const detail = Reflect.get(cause, "detail") as Faults[keyof Faults];
  return new KBertError(cause.code as keyof Faults, cause.message, detail, { cause: error });
}

function bytesOf(content: string | Uint8Array): Uint8Array {
  return typeof content === "string" ? new TextEncoder().encode(content) : content;
}
