/**
 * Fetches in a plugin's name: http and https, to the hosts that it was granted.
 *
 * A redirect is never followed: it is the answer, and where it leads is checked when the plugin asks for
 * that. So a granted host cannot lend its grant to another one. Nothing of the host goes along: no cookies,
 * no login, no header of the host's own choice.
 *
 * @module
 */
import { z } from "../../deps/zod.ts";
import { KBertError, messageOf } from "../../wall/errors.ts";
import type { ServedCall } from "../../wall/options.ts";
import type { WireValue } from "../../wall/values.ts";
import { Deadline } from "./deadline.ts";
import { GatheredBytes } from "./gathered_bytes.ts";
import { hostMayNot, notGranted, refused, shown } from "./refusal.ts";
import type { Rows } from "./rows.ts";
import { GrantedHosts, targetOf } from "./targets.ts";
import { Turns } from "./turns.ts";

/** Bytes of a request's body. */
const MAX_REQUEST = 2 ** 20;
/** Bytes of an answer's body, unpacked. */
const MAX_ANSWER = 2 ** 24;
/** Characters of all headers of a request, and of an answer. */
const MAX_HEADERS = 2 ** 14;
const MAX_ANSWER_HEADERS = 2 ** 16;
/** Of one plugin; each may hold an answer twice. */
const AT_ONCE = 4;

/** Headers that say to whom a request goes and where it ends. */
const OWN_HEADERS = new Set(
  `host connection content-length transfer-encoding te trailer upgrade expect keep-alive via
  proxy-connection proxy-authorization proxy-authenticate`.split(/\s+/),
);

const header = z.tuple([
  z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$/, "a header's name"),
  z.string().regex(/^[\t\x20-\x7e\x80-\xff]*$/, "a header's value, without line breaks"),
]).refine(([name]) => !OWN_HEADERS.has(name.toLowerCase()), "a header that is not the connection's own");
const headers = z.array(header).max(50).refine(
  (list) => list.reduce((sum, [name, value]) => sum + name.length + value.length, 0) <= MAX_HEADERS,
  `headers of at most ${MAX_HEADERS} characters`,
);
const body = z.instanceof(Uint8Array).refine(
  ({ byteLength }) => byteLength <= MAX_REQUEST,
  `a body of at most ${MAX_REQUEST} bytes`,
);

/** See {@linkcode networkApi}. */
export const NETWORK_ARGUMENTS = {
  /** Sends one request and answers `{ status, headers, body }`; headers are pairs. */
  "net.fetch": z.tuple([
    z.string().min(1).max(8_192),
    z.strictObject({
      method: z.enum(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]),
      headers,
      body: body.optional(),
      /** Milliseconds for all of it, waiting for one's turn included. */
      timeoutMs: z.int().min(1).max(300_000),
    }),
  ]),
} as const;

type Request = z.output<typeof NETWORK_ARGUMENTS["net.fetch"]>[1];

/**
 * @param granted `host` or `host:port`; see {@linkcode GrantedHosts}
 * @throws {KBertError} from the method: `capability/refused`, `call/timeout`, `call/failed` if the server
 * cannot be reached or answers too much
 */
export function networkApi(plugin: string, granted: readonly string[]): Rows<typeof NETWORK_ARGUMENTS> {
  const hosts = new GrantedHosts(granted);
  const turns = new Turns(AT_ONCE);
  return {
    "net.fetch": async ([text, request], call) => {
      const url = requireGranted(plugin, text, hosts);
      await requireRight(plugin, url);
      return await fetchInTime(plugin, url, request, call, turns);
    },
  };
}

function requireGranted(plugin: string, text: string, hosts: GrantedHosts): URL {
  const url = URL.parse(text);
  if (!url) {
    throw refused(plugin, "net", text, "it is no URL; write it in full, such as https://example.com/");
  }
  const target = targetOf(url);
  if (target === undefined) throw refused(plugin, "net", text, "only http and https are possible");
  if (url.username !== "" || url.password !== "") {
    throw refused(plugin, "net", target, "a URL with a user name; send an authorization header instead");
  }
  if (!hosts.cover(url)) throw notGranted(plugin, "net", target);
  return url;
}

/** Asked before, because Deno would ask the user on a terminal, and its error does not name the plugin. */
async function requireRight(plugin: string, url: URL): Promise<void> {
  const host = targetOf(url)!;
  const { state } = await Deno.permissions.query({ name: "net", host });
  if (state !== "granted") throw hostMayNot(plugin, "net", host, host);
}

async function fetchInTime(
  plugin: string,
  url: URL,
  request: Request,
  call: ServedCall,
  turns: Turns,
): Promise<WireValue> {
  const { timeoutMs } = request;
  const target = targetOf(url)!;
  using deadline = new Deadline(timeoutMs, call.signal, () => {
    const message = `${target} did not answer the plugin ${plugin} within ${timeoutMs} ms`;
    return new KBertError("call/timeout", message, { plugin, method: "net.fetch", timeoutMs });
  });
  const { signal } = deadline;
  try {
    return await turns.run(signal, () => fetchAnswer(url, request, signal));
  } catch (cause) {
    if (signal.aborted) throw signal.reason;
    const message = `Cannot fetch from ${target} for the plugin ${plugin}: ${reasonOf(cause)}`;
    throw new KBertError("call/failed", message, { plugin, method: "net.fetch" }, { cause });
  }
}

async function fetchAnswer(url: URL, request: Request, signal: AbortSignal): Promise<WireValue> {
  const { method, headers, body = null } = request;
  const response = await fetch(url, {
    ...{ method, headers: headers as [string, string][], signal },
    body: body as Uint8Array<ArrayBuffer> | null,
    redirect: "manual",
    credentials: "omit",
  });
  const answerHeaders = [...response.headers];
  const characters = answerHeaders.reduce((sum, [name, value]) => sum + name.length + value.length, 0);
  if (characters > MAX_ANSWER_HEADERS) {
    await response.body?.cancel();
    throw new Error(`its headers have ${characters} characters, and the limit is ${MAX_ANSWER_HEADERS}`);
  }
  return { status: response.status, headers: answerHeaders, body: await readBounded(response.body) };
}

/** Leaving the loop ends the connection, however much is still to come. */
async function readBounded(body: ReadableStream<Uint8Array> | null): Promise<Uint8Array> {
  const bytes = new GatheredBytes(MAX_ANSWER);
  for await (const piece of body ?? []) {
    if (!bytes.add(piece)) throw new Error(`its answer is larger than the limit of ${MAX_ANSWER} bytes`);
  }
  return bytes.take();
}

/** Deno's own message is in the cause; what comes first in it names the addresses and ports of this machine. */
function reasonOf(error: unknown): string {
  const { cause = error } = error as { cause?: unknown };
  const message = messageOf(cause);
  return shown(/client error \(\w+\)(?:: .*)?$/s.exec(message)?.[0] ?? message);
}
