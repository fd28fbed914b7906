import { assertEquals, assertMatch, assertRejects } from "../deps/assert.ts";
import { sha256 } from "../wall/sha256.ts";
import { FetchPlace } from "../../tests/fixtures/fetching.ts";
import { endless, FileServer, redirect, stalled } from "../../tests/fixtures/file_server.ts";
import { archiveOf, GOOD_ENTRIES } from "../../tests/fixtures/hostile_archive.ts";
import { pathsIn } from "../../tests/fixtures/tiny_run.ts";
import { fetchPlugin } from "./fetch.ts";

const GOOD = await archiveOf([...GOOD_ENTRIES, { name: "logo.png", content: "x" }]);
const GOOD_HASH = await sha256(GOOD);

Deno.test("fetchPlugin takes an archive from a server, and says which hash it has", async () => {
  await using place = await FetchPlace.make();
  await using server = new FileServer({ "/a.tgz": GOOD, "/old.tgz": redirect("/a.tgz") });
  const url = `${server.origin}/old.tgz`; // the same server may send on

  const { files, resolved, leftOut } = await place.fetch({ source: "url", url, sha256: GOOD_HASH });

  assertEquals(files, Object.fromEntries(GOOD_ENTRIES.map(({ name, content }) => [name, String(content)])));
  assertEquals(resolved, { source: "url", url, archiveSha256: GOOD_HASH });
  assertEquals(leftOut, 1);
  assertEquals(server.asked, ["/old.tgz", "/a.tgz"]);
});

Deno.test("fetchPlugin refuses an archive with another hash than it is to have, with both hashes", async () => {
  await using place = await FetchPlace.make();
  await using server = new FileServer({ "/a.tgz": GOOD });
  const url = `${server.origin}/a.tgz`;
  const other = "0".repeat(64);
  const locked = { source: "url", url, archiveSha256: other } as const;

  const byUser = await place.fetch({ source: "url", url, sha256: other });
  const byLock = await place.fetch({ source: "url", url }, { locked });

  for (const [{ code, message }, who] of [[byUser, "registry.yaml"], [byLock, "k-bert.lock"]] as const) {
    assertEquals(code, "source/refused");
    assertMatch(
      message!,
      new RegExp(`the archive has the hash ${GOOD_HASH}, and ${who} says ${other}; somebody`),
    );
  }
});

Deno.test("fetchPlugin says in a sentence what is wrong with a server, and leaves nothing", async (t) => {
  await using place = await FetchPlace.make();
  await using elsewhere = new FileServer({ "/a.tgz": GOOD });
  const status = (status: number) => () => new Response("<html></html>", { status });
  await using server = new FileServer({
    ...{ "/endless": endless, "/stalled": stalled, "/page": "<html></html>" },
    "/long": () => new Response(new Uint8Array(8_000_001)),
    "/away": redirect(`${elsewhere.origin}/a.tgz`),
    "/secure": redirect("https://127.0.0.1/a.tgz"),
    "/round": redirect("/round"),
    ...{
      "/401": status(401),
      "/403": status(403),
      "/429": status(429),
      "/500": status(500),
      "/418": status(418),
    },
  });
  const cases: [path: string, code: string, message: RegExp][] = [
    ["/none", "source/unreachable", /the server has nothing there \(404\); correct the address$/],
    [
      "/401",
      "source/unreachable",
      /does not let everybody have it \(401\); name an address that needs no password$/,
    ],
    ["/403", "source/unreachable", /does not let everybody have it \(403\)/],
    ["/429", "source/unreachable", /is asked too often \(429\); try again later$/],
    ["/500", "source/unreachable", /has a problem \(500\); try again later$/],
    ["/418", "source/unreachable", /answers 418 instead of sending it; correct the address$/],
    ["/endless", "source/refused", /sends more than 8000000 bytes, which is the limit$/],
    ["/long", "source/refused", /sends more than 8000000 bytes, which is the limit$/],
    ["/stalled", "source/unreachable", /was not there within 1000 ms; try again later/],
    ["/page", "source/refused", /is no gzip archive/],
    [
      "/away",
      "source/refused",
      new RegExp(`sends it on to another one, ${elsewhere.origin}; if you trust that one`),
    ],
    ["/secure", "source/refused", /sends it on to another one, https:\/\/127\.0\.0\.1;/],
    ["/round", "source/refused", /sends it on more than 5 times/],
  ];
  for (const [path, code, message] of cases) {
    await t.step(path, async () => {
      const url = server.origin + path;
      const timeoutMs = path === "/stalled" ? 1_000 : 20_000;
      const end = await place.fetch({ source: "url", url }, { timeoutMs });
      assertEquals(end.code, code, end.message);
      assertMatch(end.message!, message);
    });
  }
  assertEquals(elsewhere.asked, []);
});

Deno.test("fetchPlugin says so when the server is down", async () => {
  await using place = await FetchPlace.make();
  const server = new FileServer();
  const url = `${server.origin}/a.tgz`;
  await server[Symbol.asyncDispose]();

  const { code, message } = await place.fetch({ source: "url", url });

  assertEquals(code, "source/unreachable");
  assertMatch(
    message!,
    /the server cannot be reached, or has broken off \(Connection refused.*\); correct the address/,
  );
});

Deno.test("fetchPlugin downloads from https: only, or from this machine, and never with a password", async () => {
  await using place = await FetchPlace.make();
  const cases: [url: string, message: RegExp][] = [
    ["http://example.com/a.tgz", /only https: is taken, and http: from this machine; name such an address$/],
    ["http://127.0.0.1.example.com/a.tgz", /only https: is taken/],
    ["ftp://127.0.0.1/a.tgz", /only https: is taken/],
    ["file:///etc/passwd", /only https: is taken/],
    [
      "https://ada:secret@127.0.0.1/a.tgz",
      /its address has a user name or password; name one that needs none$/,
    ],
  ];
  for (const [url, message] of cases) {
    const end = await place.fetch({ source: "url", url });
    assertEquals(end.code, "source/refused", end.message);
    assertMatch(end.message!, message);
    assertEquals(end.message!.includes("secret"), false);
  }
});

Deno.test("fetchPlugin ends with the reason of its signal when it is given up, and leaves nothing", async () => {
  await using place = await FetchPlace.make();
  await using server = new FileServer({ "/stalled": stalled });
  const giveUp = new AbortController();
  const fetching = fetchPlugin({ source: "url", url: `${server.origin}/stalled` }, {
    scratch: place.scratch,
    signal: giveUp.signal,
    minimumAgeMinutes: 0,
  });
  setTimeout(() => giveUp.abort(new Error("Ctrl-C")), 300);

  await assertRejects(() => fetching, Error, "Ctrl-C");
  assertEquals(pathsIn(place.scratch), []);
});
