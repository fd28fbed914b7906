import { assert, assertEquals, assertRejects, assertStringIncludes } from "../../deps/assert.ts";
import { fakeTime } from "../../../core/deps/fake_timers.ts";
import { until } from "../../../tests/fixtures/test_port.ts";
import { KBertError } from "../../wall/errors.ts";
import type { ServedCall } from "../../wall/options.ts";
import type { WireValue } from "../../wall/values.ts";
import { NETWORK_ARGUMENTS, networkApi } from "./network.ts";

interface Answer {
  readonly status: number;
  readonly headers: readonly [string, string][];
  readonly body: Uint8Array;
}

/** What {@linkcode fetchWith} may say. */
interface Request {
  method?: "GET" | "POST" | "HEAD";
  headers?: [string, string][];
  body?: Uint8Array;
  timeoutMs?: number;
  signal?: AbortSignal;
}

function callWith(signal = new AbortController().signal): ServedCall {
  return { method: "net.fetch", args: [], stream: false, signal };
}

/** Fetches as a plugin that was granted these hosts. */
async function fetchWith(granted: readonly string[], url: string, request: Request = {}): Promise<Answer> {
  const { signal, ...rest } = request;
  const args = NETWORK_ARGUMENTS["net.fetch"].parse([url, {
    ...{ method: "GET", headers: [], timeoutMs: 10_000 },
    ...rest,
  }]);
  return await networkApi("x", granted)["net.fetch"](args, callWith(signal)) as unknown as Answer;
}

/** A server of this machine, and its `host:port`. */
function serve(
  handler: (request: globalThis.Request) => Response | Promise<Response>,
): { host: string } & AsyncDisposable {
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, handler);
  return {
    host: `127.0.0.1:${server.addr.port}`,
    [Symbol.asyncDispose]: async () => {
      await server.shutdown();
    },
  };
}

/** A server that answers the first request with these bytes, whatever they are, and leaves the rest open. */
function serveRaw(write: (connection: Deno.Conn) => Promise<void>): { host: string } & AsyncDisposable {
  const listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const serving = (async (): Promise<void> => {
    using connection = await listener.accept();
    await connection.read(new Uint8Array(4_096));
    await write(connection);
  })().catch(() => {}); // whoever asked may be gone
  return {
    host: `127.0.0.1:${(listener.addr as Deno.NetAddr).port}`,
    [Symbol.asyncDispose]: async () => {
      listener.close();
      await serving;
    },
  };
}

async function writeAll(connection: Deno.Conn, text: string): Promise<void> {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
}

function refusalOf(promise: Promise<unknown>): Promise<KBertError> {
  return assertRejects(() => promise, KBertError) as Promise<KBertError>;
}

Deno.test("networkApi() sends a request to a granted host and answers status, headers and body", async () => {
  const seen: unknown[] = [];
  await using server = serve(async (request) => {
    seen.push([
      request.method,
      new URL(request.url).pathname,
      request.headers.get("x-word"),
      await request.text(),
    ]);
    return new Response("found", { status: 404, headers: { "x-answer": "spoon" } });
  });

  const { status, headers, body } = await fetchWith([server.host], `http://${server.host}/a b`, {
    method: "POST",
    headers: [["X-Word", "soup"]],
    body: new TextEncoder().encode("ham"),
  });

  assertEquals(seen, [["POST", "/a%20b", "soup", "ham"]]);
  assertEquals([status, new Map(headers).get("x-answer")], [404, "spoon"]);
  assertEquals(new TextDecoder().decode(body), "found");
});

Deno.test("networkApi() refuses what was not granted, and says what to do", async (t) => {
  let requests = 0;
  await using server = serve(() => (requests++, new Response()));
  const port = server.host.split(":")[1];
  const rows: [url: string, granted: string[], message: string][] = [
    [`http://${server.host}/`, [], `may not connect to ${server.host}: add it to permissions.net`],
    [`http://${server.host}/`, ["127.0.0.1"], "may not connect to"],
    [`http://localhost:${port}/`, [server.host], `may not connect to localhost:${port}`],
    [`http://granted.test@${server.host}/`, ["granted.test"], "user name"],
    [`http://granted.test:80@${server.host}/`, ["granted.test:80"], "user name"],
    [`http://user:word@${server.host}/`, [server.host], "user name"],
    [`http://:word@${server.host}/`, [server.host], "user name"],
    [`http://${server.host}\\@granted.test/`, ["granted.test"], `may not connect to ${server.host}`],
    [`ftp://${server.host}/`, [server.host], "only http and https"],
    ["file:///etc/hostname", [server.host], "only http and https"],
    ["data:text/plain,a", [server.host], "only http and https"],
    ["blob:http://a/1", [server.host], "only http and https"],
    ["/relative", [server.host], "it is no URL"],
  ];

  for (const [url, granted, message] of rows) {
    await t.step(url, async () => {
      const error = await refusalOf(fetchWith(granted, url));
      assertEquals(error.code, "capability/refused");
      assertStringIncludes(error.message, message);
      assertEquals((error.detail as { right: string }).right, "net");
    });
  }

  assertEquals(requests, 0);
});

Deno.test("networkApi() names the flag if the host itself has no right to connect", async () => {
  const error = await refusalOf(fetchWith(["granted.test"], "https://granted.test/"));

  assertStringIncludes(error.message, "start it with --allow-net=granted.test:443");
});

Deno.test("networkApi() answers a redirect and does not follow it", async (t) => {
  let reached = 0;
  await using other = serve(() => (reached++, new Response("secret")));
  for (const status of [301, 302, 303, 307, 308]) {
    await t.step(`${status} to another port`, async () => {
      const location = `http://${other.host}/`;
      await using server = serve(() => new Response("moved", { status, headers: { location } }));
      const answer = await fetchWith([server.host], `http://${server.host}/`);

      assertEquals([answer.status, new Map(answer.headers).get("location")], [status, location]);
    });
  }
  await t.step("302 to itself", async () => {
    let requests = 0;
    await using server = serve(
      () => (requests++, new Response(null, { status: 302, headers: { location: "/" } })),
    );
    await fetchWith([server.host], `http://${server.host}/`);

    assertEquals(requests, 1);
  });

  assertEquals(reached, 0);
});

Deno.test("networkApi() ends an answer that is larger than its limit, also one that never ends", async (t) => {
  const piece = new Uint8Array(2 ** 20);
  await t.step("one that says its size", async () => {
    await using server = serve(() => new Response(new Uint8Array(2 ** 24 + 1)));
    const error = await refusalOf(fetchWith([server.host], `http://${server.host}/`));
    assertEquals(error.code, "call/failed");
    assertStringIncludes(error.message, "larger than the limit of 16777216 bytes");
  });
  await t.step("one that never ends", async () => {
    let cancelled = false;
    const endless = new ReadableStream({
      pull: (controller) => controller.enqueue(piece),
      cancel: () => void (cancelled = true),
    });
    await using server = serve(() => new Response(endless));
    await refusalOf(fetchWith([server.host], `http://${server.host}/`));
    await until(() => cancelled);
  });
  await t.step("one that is small until it is unpacked", async () => {
    const zeros = new Blob(Array(20).fill(piece)).stream().pipeThrough(new CompressionStream("gzip"));
    const packed = await new Response(zeros).bytes();
    assert(packed.length < 2 ** 16);
    await using server = serve(() => new Response(packed, { headers: { "content-encoding": "gzip" } }));
    const error = await refusalOf(fetchWith([server.host], `http://${server.host}/`));
    assertStringIncludes(error.message, "larger than the limit");
  });
  await t.step("but not one that is as large", async () => {
    await using server = serve(() => new Response(new Uint8Array(2 ** 24)));
    const { body } = await fetchWith([server.host], `http://${server.host}/`);
    assertEquals([body.byteLength, body.buffer.byteLength], [2 ** 24, 2 ** 24]);
  });
});

Deno.test("networkApi() ends an answer with more headers than its limit", async (t) => {
  const head = (headers: string): string => `HTTP/1.1 200 OK\r\n${headers}content-length: 0\r\n\r\n`;
  const rows: [name: string, headers: string][] = [
    ["a long one", `x: ${"a".repeat(2 ** 17)}\r\n`],
    ["several", Array.from({ length: 90 }, (_, n) => `x-${n}: ${"a".repeat(1_000)}\r\n`).join("")],
    ["very many", Array.from({ length: 5_000 }, (_, n) => `x-${n}: a\r\n`).join("")],
  ];
  for (const [name, headers] of rows) {
    await t.step(name, async () => {
      await using server = serveRaw((connection) => writeAll(connection, head(headers)));
      const error = await refusalOf(fetchWith([server.host], `http://${server.host}/`));
      assertEquals(error.code, "call/failed");
    });
  }
  await t.step("without end", async () => {
    await using server = serveRaw(async (connection) => {
      await writeAll(connection, "HTTP/1.1 200 OK\r\n");
      for (;;) await writeAll(connection, `x: ${"a".repeat(10_000)}\r\n`);
    });
    const error = await refusalOf(fetchWith([server.host], `http://${server.host}/`));
    assertEquals(error.code, "call/failed");
  });
});

Deno.test("networkApi() gives up a server that is slow, before its answer or within it", async (t) => {
  await t.step("before", async () => {
    const { promise, resolve } = Promise.withResolvers<Response>();
    await using server = serve(() => promise);
    const error = await refusalOf(fetchWith([server.host], `http://${server.host}/`, { timeoutMs: 20 }));
    resolve(new Response());
    assertEquals(error.code, "call/timeout");
    assertStringIncludes(error.message, `${server.host} did not answer the plugin x within 20 ms`);
  });
  await t.step("within", async () => {
    const stalled = new ReadableStream({
      start: (controller) => controller.enqueue(new Uint8Array(1)),
      pull: () => new Promise(() => {}),
    });
    await using server = serve(() => new Response(stalled));
    const error = await refusalOf(fetchWith([server.host], `http://${server.host}/`, { timeoutMs: 50 }));
    assertEquals(error.code, "call/timeout");
  });
});

Deno.test("networkApi() ends a request when the plugin gives the call up", async () => {
  const asked = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<number | null>();
  await using server = serveRaw(async (connection) => {
    asked.resolve();
    ended.resolve(await connection.read(new Uint8Array(1)).catch(() => null));
  });
  const caller = new AbortController();

  const fetching = fetchWith([server.host], `http://${server.host}/`, { signal: caller.signal });
  await asked.promise;
  caller.abort(new Error("given up"));

  await assertRejects(() => fetching, Error, "given up");
  assertEquals(await ended.promise, null);
});

Deno.test("networkApi() says why a server cannot be reached, without an address of this machine", async () => {
  const listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();

  const error = await refusalOf(fetchWith([`127.0.0.1:${port}`], `http://127.0.0.1:${port}/`));

  assertEquals(error.code, "call/failed");
  const start = `Cannot fetch from 127.0.0.1:${port} for the plugin x: client error (Connect)`;
  assertStringIncludes(error.message, start);
});

Deno.test("networkApi() lets a plugin have four requests at once; the others wait, and their time runs", async () => {
  using clock = fakeTime();
  const answers: ((response: Response) => void)[] = [];
  const realFetch = globalThis.fetch;
  globalThis.fetch = () => new Promise((resolve) => answers.push(resolve));
  try {
    const api = networkApi("x", ["127.0.0.1:1"]);
    const ended: string[] = [];
    const start = (name: string, timeoutMs: number): void => {
      const request = { method: "GET" as const, headers: [], timeoutMs };
      Promise.resolve(api["net.fetch"](["http://127.0.0.1:1/", request], callWith())).then(
        () => ended.push(name),
        ({ code }: KBertError) => ended.push(`${name} ${code}`),
      );
    };
    for (const name of ["a", "b", "c", "d", "e", "f"]) start(name, name === "e" ? 1_000 : 9_000);
    await settledIo();
    const atFirst = answers.length;
    await clock.tickAsync(1_000);
    answers[1]?.(new Response());
    await settledIo();

    assertEquals([atFirst, answers.length, ended], [4, 5, ["e call/timeout", "b"]]);
    for (const answer of answers) answer(new Response());
    await settledIo();
    assertEquals(ended, ["e call/timeout", "b", "a", "c", "d", "f"]);
  } finally {
    globalThis.fetch = realFetch;
  }
});

/** Lets the questions for rights be answered; no timer, because time is faked. */
async function settledIo(): Promise<void> {
  for (let turn = 0; turn < 200; turn++) await Promise.resolve();
}

Deno.test("NETWORK_ARGUMENTS take no header of the connection's own, no line break, and not too much", async (t) => {
  const fits = (request: Record<string, WireValue>): boolean =>
    NETWORK_ARGUMENTS["net.fetch"].safeParse(["http://a/", {
      ...{ method: "GET", headers: [], timeoutMs: 1 },
      ...request,
    }]).success;
  assert(fits({ headers: [["accept", "text/plain"], ["Authorization", "Bearer x"], ["$", "é"]] }));

  const rows: [name: string, request: Record<string, WireValue>][] = [
    ...["Host", "connection", "Content-Length", "transfer-encoding", "upgrade", "proxy-authorization"].map(
      (name): [string, Record<string, WireValue>] => [name, { headers: [[name, "a"]] }],
    ),
    ["line break", { headers: [["x", "a\r\nhost: evil"]] }],
    ["line break in a name", { headers: [["x\r\nhost", "evil"]] }],
    ["zero", { headers: [["x", "a\0"]] }],
    ["many headers", { headers: Array(51).fill(["x", "a"]) }],
    ["long headers", { headers: Array(20).fill(["x", "a".repeat(1_000)]) }],
    ["CONNECT", { method: "CONNECT" }],
    ["TRACE", { method: "TRACE" }],
    ["large body", { body: new Uint8Array(2 ** 20 + 1) }],
    ["text body", { body: "a" }],
    ["no time", { timeoutMs: 0 }],
    ["too much time", { timeoutMs: 300_001 }],
    ["NaN", { timeoutMs: NaN }],
    ["redirect", { redirect: "follow" }],
  ];
  for (const [name, request] of rows) await t.step(name, () => assert(!fits(request)));
  assert(!NETWORK_ARGUMENTS["net.fetch"].safeParse([`http://a/${"a".repeat(8_192)}`, {}]).success);
});
