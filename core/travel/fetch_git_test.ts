import { assertEquals, assertMatch, assertThrows } from "../deps/assert.ts";
import { FetchPlace } from "../../tests/fixtures/fetching.ts";
import { GitRepository, GitServer } from "../../tests/fixtures/git_server.ts";
import { GOOD_ENTRIES } from "../../tests/fixtures/hostile_archive.ts";
import { checkBranch, checkCommit, gitAddress } from "./git_url.ts";

const FILES = Object.fromEntries(GOOD_ENTRIES.map(({ name, content }) => [name, String(content)]));

/** A repository with one commit, and a server of the folder that it is in. */
async function servedRepository(place: FetchPlace): Promise<
  { repository: GitRepository; first: string; server: GitServer; url: string }
> {
  const repository = await GitRepository.make(`${place.path}/mood`);
  const first = await repository.commit({ ...FILES, "logo.png": "x" });
  const server = new GitServer(place.path);
  return { repository, first, server, url: `${server.origin}/mood/.git` };
}

Deno.test("fetchPlugin takes the newest commit of a branch, and says which one it is", async () => {
  await using place = await FetchPlace.make();
  const { repository, first, server, url } = await servedRepository(place);
  await using _server = server;
  await repository.git("checkout", "--quiet", "-b", "next");
  const second = await repository.commit({ "README.md": "next" });

  const main = await place.fetch({ source: "git", url, branch: "main" });
  const next = await place.fetch({ source: "git", url, branch: "next" });
  const head = await place.fetch({ source: "git", url });

  assertEquals(main, {
    files: FILES,
    resolved: { source: "git", url, branch: "main", commit: first },
    leftOut: 1,
  });
  assertEquals(next.files, { ...FILES, "README.md": "next" });
  assertEquals(next.resolved, { source: "git", url, branch: "next", commit: second });
  assertEquals(head.resolved, { source: "git", url, commit: second });
});

Deno.test("fetchPlugin takes the locked commit when the branch has moved on, and when its history was rewritten", async () => {
  await using place = await FetchPlace.make();
  const { repository, first, server, url } = await servedRepository(place);
  await using _server = server;
  const spec = { source: "git", url, branch: "main" } as const;
  const locked = { ...spec, commit: first };
  await repository.commit({ "main.ts": "changed" });
  const moved = await place.fetch(spec, { locked });
  await repository.git("commit", "--quiet", "--amend", "--allow-empty", "--message=another");
  await repository.git("checkout", "--quiet", "--orphan", "other");
  await repository.commit({ "main.ts": "other" });
  await repository.git("branch", "--force", "main", "other");
  const rewritten = await place.fetch(spec, { locked });

  assertEquals(moved, { files: FILES, resolved: locked, leftOut: 1 });
  assertEquals(rewritten, { files: FILES, resolved: locked, leftOut: 1 });
});

Deno.test("fetchPlugin refuses when the server does not have the locked commit any more", async () => {
  await using place = await FetchPlace.make();
  const { first, server, url } = await servedRepository(place);
  await using _server = server;
  await Deno.remove(`${place.path}/mood`, { recursive: true });
  const repository = await GitRepository.make(`${place.path}/mood`);
  await repository.commit({ ...FILES, "main.ts": "evil" });
  const spec = { source: "git", url, branch: "main" } as const;

  const { code, message } = await place.fetch(spec, { locked: { ...spec, commit: first } });

  assertEquals(code, "source/refused");
  assertMatch(
    message!,
    new RegExp(`it does not have the commit ${first}, or not any more: its history may have been rewritten`),
  );
});

Deno.test("fetchPlugin reads files as they were committed: no filters, no line ends, no hooks, no submodules", async () => {
  await using place = await FetchPlace.make();
  const { repository, server, url } = await servedRepository(place);
  await using _server = server;
  const attributes = "*.ts text eol=crlf filter=evil ident export-ignore\n";
  const code = "// $Id$\nexport {};\n";
  await repository.commit({ ".gitattributes": attributes, "a.ts": code });
  await repository.git(
    "-c",
    "protocol.file.allow=always",
    "submodule",
    "add",
    "--quiet",
    `file://${place.path}/mood`,
    "sub",
  );
  await repository.commit({});

  const { files, code: failure, message } = await place.fetch({ source: "git", url });

  assertEquals(failure, undefined, message);
  assertEquals(files, { ...FILES, "a.ts": code });
});

Deno.test("fetchPlugin fetches from a repository on this machine, by its file: URL", async () => {
  await using place = await FetchPlace.make();
  const { first, server } = await servedRepository(place);
  await using _server = server;
  const url = `file://${place.path}/mood`;

  const { resolved } = await place.fetch({ source: "git", url });

  assertEquals(resolved, { source: "git", url, commit: first });
});

Deno.test("fetchPlugin says in a sentence what is wrong with a repository, and leaves nothing", async (t) => {
  await using place = await FetchPlace.make();
  const { repository, server, url } = await servedRepository(place);
  await using _server = server;
  await repository.git("checkout", "--quiet", "-b", "link");
  const target = await repository.git("hash-object", "-w", "plugin.yaml");
  await repository.git("update-index", "--add", "--cacheinfo", `120000,${target},link.ts`);
  await repository.git("commit", "--quiet", "--message=a link");
  await repository.git("checkout", "--quiet", "-b", "case", "main");
  await repository.commit({ "Main.ts": "x" });
  await repository.git("checkout", "--quiet", "-b", "aux", "main");
  await repository.commit({ "src/aux.ts": "x" });
  await repository.git("checkout", "--quiet", "-b", "large", "main");
  await repository.commit({ "large.ts": "x".repeat(1_000_001) });
  await repository.git("checkout", "--quiet", "--orphan", "none");
  await repository.git("rm", "--quiet", "-r", "--force", ".");
  await repository.commit({ "README.md": "nothing" });
  const cases: [branch: string, code: string, message: RegExp][] = [
    ["nowhere", "source/unreachable", /it has no branch or tag "nowhere"; correct the branch$/],
    ["link", "source/refused", /"link\.ts" is a link, and a plugin consists of files$/],
    ["case", "source/refused", /"Main\.ts" and "main\.ts" are the same file on some systems$/],
    ["aux", "source/refused", /"src\/aux\.ts" has a name that Windows keeps for a device$/],
    ["large", "source/refused", /it has 1000001 bytes in "large\.ts", and the limit is 1000000$/],
    [
      "none",
      "source/refused",
      /it has no plugin\.yaml; name a source that has a plugin's folder at its top$/,
    ],
  ];
  for (const [branch, code, message] of cases) {
    await t.step(branch, async () => {
      const end = await place.fetch({ source: "git", url, branch });
      assertEquals(end.code, code, end.message);
      assertMatch(end.message!, message);
    });
  }
});

Deno.test("fetchPlugin says so when a server is down, has no repository, sends on, stalls, or wants a password", async (t) => {
  await using place = await FetchPlace.make();
  const stop = Promise.withResolvers<void>();
  await using server = new GitServer(place.path, ({ url }) => {
    const { pathname } = new URL(url);
    if (pathname.startsWith("/away")) return Response.redirect("http://127.0.0.1:9/mood/info/refs");
    if (pathname.startsWith("/secret")) {
      return new Response(null, { status: 401, headers: { "www-authenticate": "Basic realm=x" } });
    }
    if (!pathname.startsWith("/stalled")) return undefined;
    const headers = { "content-type": "application/x-git-upload-pack-advertisement" };
    return new Response(
      new ReadableStream({ start: (stream) => void stop.promise.then(() => stream.close()) }),
      { headers },
    );
  });
  const cases: [url: string, code: string, message: RegExp][] = [
    [
      `${server.origin}/none`,
      "source/unreachable",
      /repository '.*' not found; correct the address or try again later$/,
    ],
    [
      "http://127.0.0.1:9/none",
      "source/unreachable",
      /Failed to connect to 127\.0\.0\.1 port 9.*; correct the address/,
    ],
    [
      `${server.origin}/away`,
      "source/refused",
      /sends it on to another address; name that one, if you trust it$/,
    ],
    [`${server.origin}/secret`, "source/unreachable", /could not read Username.*; correct the address/],
    [`${server.origin}/stalled`, "source/unreachable", /was not there within 1500 ms; try again later/],
    [
      `file://${place.path}/none`,
      "source/unreachable",
      /does not appear to be a git repository; correct the address/,
    ],
  ];
  for (const [url, code, message] of cases) {
    await t.step(url.replace(/^.*\//, ""), async () => {
      const end = await place.fetch({ source: "git", url }, {
        timeoutMs: url.endsWith("stalled") ? 1_500 : 30_000,
      });
      assertEquals(end.code, code, end.message);
      assertMatch(end.message!, message);
    });
  }
  stop.resolve();
});

Deno.test("gitAddress takes what cannot start programs or be an option, and shows no password", () => {
  const good: [url: string, shown: string][] = [
    ["https://example.com/a.git", "https://example.com/a.git"],
    ["https://ada:secret@example.com/a.git", "https://example.com/a.git"],
    ["https://token@example.com/a.git", "https://example.com/a.git"],
    ["ssh://git@example.com:22/a.git", "ssh://git@example.com:22/a.git"],
    ["ssh://git:secret@example.com/a.git", "ssh://git@example.com/a.git"],
    ["git@example.com:ada/a.git", "git@example.com:ada/a.git"],
    ["file:///tmp/a", "file:///tmp/a"],
    ["http://127.0.0.1:80/a", "http://127.0.0.1/a"],
  ];
  const bad = [
    ...[
      "ext::sh -c id",
      "--upload-pack=id",
      "-oProxyCommand=id",
      "fd::17",
      "git://example.com/a",
      "../a",
      "/tmp/a",
    ],
    ...["http://example.com/a", "ssh://-oProxyCommand=id/a", "ssh://-oX@example.com/a", "-x@example.com:a"],
    ...[
      "git@-oProxyCommand=id:a",
      "https://example.com/a b",
      "file://host/a",
      "git@example.com:a\nb",
      "http::x",
      "",
    ],
  ];

  for (const [url, shown] of good) assertEquals(gitAddress(url).shown, shown);
  for (const url of bad) {
    const error = assertThrows(
      () => gitAddress(url),
      Error,
      "is not an address of a repository that is taken",
    );
    assertEquals(error.message.includes("secret"), false);
  }
});

Deno.test("checkBranch and checkCommit take names and whole hashes, and nothing that git reads as more", () => {
  for (const name of ["main", "v1.0.0", "feature/a-b", "caf\u00e9"]) checkBranch(name, "a");
  for (
    const name of [
      "",
      "-x",
      "+main",
      "a:b",
      "a..b",
      "a b",
      "a@{1}",
      "/a",
      "a/",
      "a^",
      "*",
      "a\\b",
      "a\nb",
      "a.lock",
    ]
  ) {
    assertThrows(() => checkBranch(name, "a"), Error, "is not the name of a branch or tag; correct it");
  }
  checkCommit("0".repeat(40), "a");
  for (const commit of ["abc", "-".repeat(40), "0".repeat(41), "HEAD"]) {
    assertThrows(
      () => checkCommit(commit, "a"),
      Error,
      "is not a commit; write all 40 characters of its hash",
    );
  }
});
