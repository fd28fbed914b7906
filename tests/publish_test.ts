/**
 * What `deno publish` makes of this project, and that it works from nothing else: not from the repository,
 * whose other files a user of the package does not have.
 *
 * Nothing here needs the network. A registry on loopback takes the place of the real one, and a script with
 * an empty cache imports the package from it.
 *
 * @module
 */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "../core/deps/assert.ts";
import { buildImage } from "../core/security/image.ts";
import { pluginSource } from "../core/security/source.ts";
import { ENTRIES } from "../workers/entries.ts";
import { CHECKOUT } from "./fixtures/checkout_server.ts";
import { serveNpmRegistry } from "./fixtures/npm_registry.ts";
import { packageConfig, publishedFiles, servePackage } from "./fixtures/published_package.ts";
import { withTempFolder } from "./fixtures/tiny_run.ts";

Deno.test("deno publish --dry-run passes, without slow types and with the files that are sent", async () => {
  const files = await publishedFiles();
  const { code, output } = await deno(["publish", "--dry-run", "--allow-dirty"]);

  assertEquals(code, 0, output);
  const listed = [...output.matchAll(/^ +(file:\S+) \(/gm)]
    .map(([, url]) => decodeURIComponent(url!.slice(CHECKOUT.href.length)));
  assertEquals(listed.sort(), [...files.keys()].sort());
});

Deno.test("deno publish sends all that exports, workers and processes load, unchanged", async () => {
  const files = await publishedFiles();
  const { exports } = await packageConfig();
  const entries = Object.values(ENTRIES).map((entry) => entry.replace("./", "workers/"));
  const starts = [...Object.values(exports), ...entries, "workers/plugin_process.ts"];

  const loaded = await Promise.all(starts.map((start) => localModules(start)));
  assertEquals(loaded.flat().filter((path) => !files.has(path)), []);
  for (const part of ["tensor", "table"]) {
    for await (const { name } of Deno.readDir(`core/${part}/assets`)) {
      assert(files.has(`core/${part}/assets/${name}`), name);
    }
  }
  // Where a name of the import map is imported, publishing writes a path; only for plugins is that mended.
  const changed = await Array.fromAsync(files, async ([path, bytes]) => {
    if (/^plugins\/(?!sdk\/)/.test(path)) return [];
    return new Uint8Array(bytes).toHex() === (await Deno.readFile(path)).toHex() ? [] : [path];
  });
  assertEquals(changed.flat(), []);
});

Deno.test("deno publish sends no tests, benches or runs", async () => {
  const files = [...(await publishedFiles()).keys()];

  const parts = new Set(files.map((path) => path.split("/")[0]!));
  assertEquals([...parts].sort(), [
    ...["CHANGELOG.md", "LICENSE", "README.md", "SECURITY.md"],
    ...["cli.ts", "core", "deno.json", "mod.ts", "plugins", "workers"],
  ]);
  assertEquals(files.filter((path) => /_test\.ts$|\/build[_/]/.test(path)), []);
});

const SCRIPT = (specifier: string, own: string): string => `
import { createRuntime } from "${specifier}";

await using runtime = await createRuntime();
const stopping = await runtime.plugins.start("${own}");
const answers = [stopping.name, stopping.tier, stopping.image.sha256];
for (const tier of ["worker", "process"]) {
  const words = await runtime.plugins.start("./words", { tier });
  answers.push(words.tier, await words.call("count", ["two words"]));
  await words.unload();
  const settings = { hidden_size: 2, num_labels: 2 };
  const head = await runtime.plugins.start("./head", { tier, settings });
  const tensor = { dtype: "float32", shape: [1, 2], data: Float32Array.of(1, 2) };
  const { data } = await head.call("predict", [tensor]);
  answers.push(head.tier, [...data]);
  await head.unload();
}
console.log(JSON.stringify(answers));
`;

const WORDS = `import { PluginPort } from "k-bert/sdk";
export class Main extends PluginPort { count(text: string): number { return text.split(" ").length; } }`;

const HEAD = `import { HeadPort, tf } from "k-bert/sdk/tensors";
export class Main extends HeadPort { override forward(x: tf.Tensor): tf.Tensor { return tf.mul(x, 2); } }`;

const manifest = (name: string, port: string): string =>
  `name: ${name}\nversion: 1.0.0\nentry_points: { ${port}: "main:Main" }\n`;

for (const place of ["JSR", "a URL"] as const) {
  Deno.test(`The published package, imported from ${place}, starts plugins in both tiers`, async () => {
    const config = await packageConfig();
    await using server = await servePackage(await publishedFiles(), config);
    await using registry = await serveNpmRegistry([], ["cli.ts"]);
    await using folder = await withTempFolder();
    const host = `127.0.0.1:${server.addr.port}`;
    const { name, version } = config;
    const [module, program] = place === "JSR"
      ? [`jsr:${name}@${version}`, `jsr:${name}@${version}/cli`]
      : ["mod.ts", "cli.ts"].map((file) => `http://${host}/${name}/${version}/${file}`);
    await writeFiles(folder.path, {
      "main.ts": SCRIPT(module!, `http://${host}/${name}/${version}/plugins/early_stopping`),
      "words/plugin.yaml": manifest("words", "plugin"),
      "words/main.ts": WORDS,
      "head/plugin.yaml": manifest("head", "head"),
      "head/main.ts": HEAD,
    });
    const rights = [
      // A script trusts its JSR, and no other host, to be imported from.
      ...(place === "JSR" ? [] : [`--allow-import=${host}`]),
      ...["--allow-read=.", "--allow-run=deno", "--allow-env=DENO_DIR,NPM_CONFIG_REGISTRY"],
      `--allow-net=${host}`, // plugins that come with k-bert are read from where it came from
    ];
    const options = {
      cwd: folder.path,
      env: {
        DENO_DIR: `${folder.path}/cache`,
        NPM_CONFIG_REGISTRY: `http://127.0.0.1:${registry.addr.port}/`,
        JSR_URL: `http://${host}/`,
      },
    };

    const script = await deno(["run", ...FLAGS, ...rights, "main.ts"], options);
    const help = await deno(["run", ...FLAGS, ...rights, program!, "predict", "--help"], options);

    assertEquals(script.code, 0, script.output);
    const own = await buildImage(pluginSource("plugins/early_stopping"));
    assertEquals(JSON.parse(script.answer), [
      ...["early_stopping", "worker", own.sha256],
      ...["worker", 2, "worker", [2, 4]],
      ...["process", 2, "process", [2, 4]],
    ]);
    assertEquals(help.code, 0, help.output);
    assertStringIncludes(help.answer, "predict");
    assertMatch(script.output, new RegExp(`Download http://${host}/${name}/${version}/mod.ts`));
    const downloads = script.output.split("\n").filter((line) => line.startsWith("Download"));
    assertEquals(downloads.filter((line) => !line.includes("http://127.0.0.1:")), []);
  });
}

Deno.test("Deno runs no TypeScript out of an npm package, so k-bert is not one", async () => {
  await using folder = await withTempFolder();
  const url = "npm:typed-package@1.0.0";
  await writeFiles(folder.path, {
    "package/package.json": JSON.stringify({ name: "typed-package", version: "1.0.0", exports: "./mod.ts" }),
    "package/mod.ts": "export const one: number = 1;\n",
    "main.ts": `import { one } from "${url}"; console.log(one);\n`,
  });
  await using registry = await serveNpmRegistry([`${folder.path}/package`], []);

  const { code, output } = await deno(["run", ...FLAGS, "main.ts"], {
    cwd: folder.path,
    env: {
      DENO_DIR: `${folder.path}/cache`,
      NPM_CONFIG_REGISTRY: `http://127.0.0.1:${registry.addr.port}/`,
    },
  });

  assertEquals(code, 1);
  assertStringIncludes(output, "ERR_UNSUPPORTED_NODE_MODULES_TYPE_STRIPPING");
});

const FLAGS = ["--no-prompt", "--no-config", "--no-lock", "--unstable-worker-options"];

/** Runs Deno; what it printed, and what of that was on standard output. */
async function deno(
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<{ code: number; answer: string; output: string }> {
  const { env, ...others } = options;
  const { code, stdout, stderr } = await new Deno.Command("deno", {
    args: [...args],
    env: { ...env, NO_COLOR: "1" },
    ...others,
  }).output();
  const [answer, errors] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)) as [
    string,
    string,
  ];
  return { code, answer, output: answer + errors };
}

/** Every file of the repository that a module loads, types included. */
async function localModules(start: string): Promise<string[]> {
  const { code, answer, output } = await deno(["info", "--json", "--lock=tests/deno.lock", start]);
  assertEquals(code, 0, output);
  const { modules } = JSON.parse(answer) as { modules: { specifier: string }[] };
  return modules.flatMap(({ specifier }) =>
    specifier.startsWith(CHECKOUT.href) ? [decodeURIComponent(specifier.slice(CHECKOUT.href.length))] : []
  );
}

async function writeFiles(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await Deno.mkdir(`${folder}/${path}`.replace(/\/[^/]*$/, ""), { recursive: true });
    await Deno.writeTextFile(`${folder}/${path}`, text);
  }
}
