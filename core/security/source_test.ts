import { symlink } from "../../tests/fixtures/symlink.ts";
import { assert, assertEquals, assertRejects } from "../deps/assert.ts";
import { KBertError } from "../wall/errors.ts";
import { buildImage } from "./image.ts";
import { pluginSource } from "./source.ts";

/** A folder that is gone at the end of the block. */
async function temporaryFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await Deno.realPath(await Deno.makeTempDir());
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

/** A web server on a free port of this machine. */
function server(
  answer: (request: Request) => Response | Promise<Response>,
): AsyncDisposable & { url: string } {
  const running = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, answer);
  return {
    url: `http://127.0.0.1:${running.addr.port}`,
    [Symbol.asyncDispose]: () => running.shutdown(),
  };
}

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

Deno.test("pluginSource() reads files of a folder, named by a path or a file: URL", async () => {
  await using folder = await temporaryFolder();
  await Deno.mkdir(`${folder.path}/a b/lib`, { recursive: true });
  await Deno.writeTextFile(`${folder.path}/a b/lib/x.ts`, "hello");

  const sources = [
    pluginSource(`${folder.path}/a b`),
    pluginSource(`${folder.path}/a b//`),
    pluginSource(new URL(`file://${folder.path}/a b/`)),
  ];

  for (const source of sources) {
    assertEquals(source.name, "a b");
    assertEquals(text(await source.read("lib/x.ts", 100)), "hello");
  }
});

Deno.test("pluginSource() reads little more of a file than it was asked for", async () => {
  await using folder = await temporaryFolder();
  await Deno.writeFile(`${folder.path}/large.ts`, new Uint8Array(10_000_000));

  const bytes = await pluginSource(folder.path).read("large.ts", 1_000);

  assert(bytes.length > 1_000 && bytes.length < 1_000_000);
});

Deno.test("pluginSource() refuses what is not a file inside of the folder", async (t) => {
  await using folder = await temporaryFolder();
  const plugin = `${folder.path}/plugin`;
  await Deno.mkdir(`${plugin}/folder.ts`, { recursive: true });
  await Deno.mkdir(`${folder.path}/plugin_of_another`);
  await Deno.writeTextFile(`${folder.path}/secret.ts`, "secret");
  await Deno.writeTextFile(`${folder.path}/plugin_of_another/secret.ts`, "secret");
  await symlink(`${folder.path}/secret.ts`, `${plugin}/link.ts`);
  await symlink(`${folder.path}/plugin_of_another`, `${plugin}/linked_folder`);
  await symlink(`${plugin}/loop.ts`, `${plugin}/loop.ts`);
  const source = pluginSource(plugin);

  for (
    const file of [
      "lost.ts",
      "link.ts",
      "linked_folder/secret.ts",
      "loop.ts",
      "folder.ts",
      "../secret.ts",
      "",
      ".",
    ]
  ) {
    await t.step(file || "no name", async () => {
      const error = await assertRejects(() => source.read(file, 100), KBertError, "of the plugin plugin");
      assertEquals([error.code, error.detail], ["plugin/image", { plugin: "plugin", file }]);
    });
  }
});

Deno.test("pluginSource() follows a link that stays in the folder", async () => {
  await using folder = await temporaryFolder();
  await Deno.writeTextFile(`${folder.path}/real.ts`, "real");
  await symlink("real.ts", `${folder.path}/link.ts`);

  const bytes = await pluginSource(folder.path).read("link.ts", 100);

  assertEquals(text(bytes), "real");
});

Deno.test("pluginSource() says in one sentence that a folder or a file is not there", async () => {
  await using folder = await temporaryFolder();

  const error = await assertRejects(() => buildImage(pluginSource(`${folder.path}/nowhere`)), KBertError);

  assertEquals(
    error.message,
    `Cannot read ${folder.path}/nowhere/plugin.yaml of the plugin nowhere: there is no such file`,
  );
});

Deno.test("pluginSource() makes the same image of a folder and of the same folder on a web server", async () => {
  await using folder = await temporaryFolder();
  const manifest = "name: sample\nversion: 1.0.0\nentry_points:\n  head: main:Main\n";
  await Deno.writeTextFile(`${folder.path}/plugin.yaml`, manifest);
  await Deno.writeTextFile(`${folder.path}/main.ts`, "export class Main {}");
  await using web = server(async ({ url }) =>
    new Response(await Deno.readFile(folder.path + new URL(url).pathname.replace("/sample", "")))
  );

  const [here, there] = await Promise.all(
    [folder.path, `${web.url}/sample`].map((location) => buildImage(pluginSource(location))),
  );

  assertEquals([pluginSource(`${web.url}/sample`).name, there?.sha256], ["sample", here?.sha256]);
});

Deno.test("pluginSource() refuses a web server's error, redirect and silence with a sentence", async (t) => {
  const never = Promise.withResolvers<Response>();
  await using web = server(({ url }) => {
    const path = new URL(url).pathname;
    if (path.endsWith("/gone.ts")) return new Response("x".repeat(100_000), { status: 404 });
    if (path.endsWith("/broken.ts")) return new Response(null, { status: 500 });
    if (path.endsWith("/moved.ts")) return Response.redirect(new URL("/elsewhere.ts", url));
    if (path.endsWith("/silent.ts")) return never.promise;
    return new Response("found");
  });
  const source = pluginSource(`${web.url}/sample`, { timeoutMs: 100 });
  const reasons: Record<string, string> = {
    "gone.ts": "the server answers 404",
    "broken.ts": "the server answers 500",
    "moved.ts": "redirect",
    "silent.ts": "did not send it within 100 ms",
  };

  for (const [file, reason] of Object.entries(reasons)) {
    await t.step(file, async () => {
      const error = await assertRejects(() => source.read(file, 100), KBertError, reason);
      assertEquals([error.code, error.detail], ["plugin/image", { plugin: "sample", file }]);
    });
  }

  never.resolve(new Response("too late"));
});

Deno.test("pluginSource() cuts a body that never ends", async () => {
  let chunks = 0;
  await using web = server(() =>
    new Response(
      new ReadableStream({
        pull: (controller) => controller.enqueue(new Uint8Array(1_000).fill(chunks++ & 1)),
      }),
    )
  );

  const bytes = await pluginSource(web.url).read("endless.ts", 10_000);

  assert(bytes.length > 10_000 && bytes.length < 1_000_000);
});

Deno.test("pluginSource() does not let a file name lead to another server", async () => {
  await using web = server(() => new Response("found"));
  await using other = server(() => new Response("other"));

  const bytes = await pluginSource(`${web.url}/a/`).read("b.ts", 100);

  assertEquals(text(bytes), "found");
  await assertRejects(() => pluginSource(`${web.url}/a`).read(`${other.url}/b.ts`, 100), KBertError);
});
