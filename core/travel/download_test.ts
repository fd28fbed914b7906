import { assertEquals, assertRejects } from "../deps/assert.ts";
import { serveCheckout } from "../../tests/fixtures/checkout_server.ts";
import { FileServer } from "../../tests/fixtures/file_server.ts";
import { withTempFolder } from "../../tests/fixtures/tiny_run.ts";
import { download } from "./download.ts";

const OPTIONS = { source: "a server", maxBytes: 100, signal: new AbortController().signal };

Deno.test("download() gives files in their order, empty ones too, from one process", async () => {
  await using server = new FileServer({
    "/a": "first",
    "/b": new Uint8Array(),
    "/c": Uint8Array.of(0, 255, 10),
  });
  const urls = ["/a", "/b", "/c", "/a"].map((path) => new URL(path, server.origin));

  const files = await download(urls, { ...OPTIONS, maxBytesInAll: 1_000 });

  assertEquals(files.map((file) => [...file]), [
    [...new TextEncoder().encode("first")],
    [],
    [0, 255, 10],
    [...new TextEncoder().encode("first")],
  ]);
  assertEquals(await download([], OPTIONS), []);
});

Deno.test("download() stops at the limit of one file and of all files", async () => {
  await using server = new FileServer({ "/60": "x".repeat(60), "/101": "x".repeat(101) });
  const at = (path: string): URL => new URL(path, server.origin);

  const one = "the server sends more than 100 bytes, which is the limit";
  await assertRejects(() => download([at("/101")], OPTIONS), Error, one);
  const all = "it has more than 100 bytes, which is the limit";
  await assertRejects(() => download([at("/60"), at("/60")], OPTIONS), Error, all);
});

Deno.test("download() takes a file as it is, also if the server says that it has compressed it", async () => {
  const bytes = await new Response(new Blob(["hello"]).stream().pipeThrough(new CompressionStream("gzip")))
    .bytes();
  const accepted: (string | null)[] = [];
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, ({ headers }) => {
    accepted.push(headers.get("accept-encoding"));
    return new Response(bytes);
  });

  const [file] = await download([new URL(`http://127.0.0.1:${server.addr.port}/a.tgz`)], OPTIONS);

  assertEquals(file, bytes);
  assertEquals(accepted, ["identity"]);
});

Deno.test("download() works for a program that was itself loaded from a URL", async () => {
  await using checkout = serveCheckout();
  await using server = new FileServer({ "/a": "first" });
  await using folder = await withTempFolder();
  const host = `127.0.0.1:${checkout.addr.port}`;
  const script = `import { download } from "http://${host}/core/travel/download.ts";
    const options = { source: "a server", maxBytes: 100, signal: new AbortController().signal };
    const [file] = await download([new URL("${server.origin}/a")], options);
    console.log(new TextDecoder().decode(file));`;
  await Deno.writeTextFile(`${folder.path}/main.ts`, script);

  const { stdout, stderr } = await new Deno.Command("deno", {
    args: [
      "run",
      "--no-prompt",
      "--no-lock",
      "--no-config",
      "--allow-run=deno",
      `--allow-import=${host}`,
      "main.ts",
    ],
    cwd: folder.path,
    env: { DENO_DIR: `${folder.path}/cache` },
  }).output();

  assertEquals(new TextDecoder().decode(stdout), "first\n", new TextDecoder().decode(stderr));
});
