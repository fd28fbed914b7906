/**
 * Downloads files from one server, and does nothing else: a program of its own, because the one that starts it has no
 * right to use the network, and this one has the right to use that server only.
 *
 * It imports nothing, so it runs as well from a URL. On standard input it gets a {@linkcode DownloadOrder} as JSON; on
 * standard output it writes each file with its length before it (4 bytes, big end first); what went wrong is a
 * {@linkcode DownloadFailure} as JSON on standard error.
 *
 * @module
 */

/** What is to be downloaded. */
export interface DownloadOrder {
  /** All on the same server. */
  readonly urls: readonly string[];
  /** Most bytes of one file. */
  readonly maxBytes: number;
}

/** Why not all of it was had. */
export interface DownloadFailure {
  readonly kind: "unreachable" | "refused";
  readonly reason: string;
  readonly limit?: number;
}

const MAX_REDIRECTS = 5;

if (import.meta.main) {
  const { urls, maxBytes } = JSON.parse(await new Response(Deno.stdin.readable).text()) as DownloadOrder;
  for (const url of urls) {
    const body = await download(new URL(url), maxBytes);
    if ("kind" in body) {
      await Deno.stderr.write(new TextEncoder().encode(JSON.stringify(body)));
      Deno.exit(3);
    }
    const length = new Uint8Array(4);
    new DataView(length.buffer).setUint32(0, body.length);
    await write(length);
    await write(body);
  }
}

async function download(start: URL, maxBytes: number): Promise<Uint8Array | DownloadFailure> {
  let url = start;
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    try {
      const response = await fetch(url, { redirect: "manual", headers: { "accept-encoding": "identity" } });
      const location = response.status >= 300 && response.status < 400 && response.headers.get("location");
      if (!location) return await contentOf(response, maxBytes);
      await response.body?.cancel();
      const next = new URL(location, url);
      if (next.host !== start.host || next.protocol !== start.protocol) {
        const advice = "if you trust that one, name the address there";
        return {
          kind: "refused",
          reason: `the server sends it on to another one, ${next.origin}; ${advice}`,
        };
      }
      url = next;
    } catch (error) {
      return { kind: "unreachable", reason: networkReason(error) };
    }
  }
  return {
    kind: "refused",
    reason: `the server sends it on more than ${MAX_REDIRECTS} times; name another address`,
  };
}

async function contentOf(response: Response, maxBytes: number): Promise<Uint8Array | DownloadFailure> {
  const { ok, status, headers, body } = response;
  if (!ok || body === null) {
    await body?.cancel();
    return { kind: "unreachable", reason: statusReason(status) };
  }
  const tooMuch: DownloadFailure = {
    kind: "refused",
    reason: `the server sends more than ${maxBytes} bytes, which is the limit`,
    limit: maxBytes,
  };
  if (Number(headers.get("content-length")) > maxBytes) {
    await body.cancel();
    return tooMuch;
  }
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    if ((bytes += chunk.length) > maxBytes) return tooMuch;
    chunks.push(chunk);
  }
  return new Uint8Array(await new Blob(chunks as BlobPart[]).arrayBuffer());
}

function statusReason(status: number): string {
  if (status === 404 || status === 410) {
    return `the server has nothing there (${status}); correct the address`;
  }
  if (status === 401 || status === 403) {
    return `the server does not let everybody have it (${status}); name an address that needs no password`;
  }
  if (status === 429) return `the server is asked too often (${status}); try again later`;
  if (status >= 500) return `the server has a problem (${status}); try again later`;
  return `the server answers ${status} instead of sending it; correct the address`;
}

/** The innermost error, and of its sentence the last part, is the system's own word for it. */
function networkReason(thrown: unknown): string {
  let error = thrown;
  while (error instanceof Error && error.cause !== undefined) error = error.cause;
  const message = error instanceof Error ? error.message : String(error);
  const reason = message.split(": ").at(-1)?.trim() || message;
  return `the server cannot be reached, or has broken off (${reason}); correct the address or try again later`;
}

async function write(bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await Deno.stdout.write(bytes.subarray(at));
}
