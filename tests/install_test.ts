/**
 * `plugin install` as a user runs it, with an empty cache and a registry on loopback.
 *
 * @module
 */
import { assertEquals, assertMatch } from "../core/deps/assert.ts";
import { buildImage } from "../core/security/image.ts";
import { pluginSource } from "../core/security/source.ts";
import { PluginManager } from "../core/plugins/manager.ts";
import { processSandbox } from "../workers/process_sandbox.ts";
import { CHECKOUT } from "./fixtures/checkout_server.ts";
import { serveNpmRegistry } from "./fixtures/npm_registry.ts";
import { pathsIn, withTempFolder } from "./fixtures/tiny_run.ts";

/** Packages by name → file → content. */
type Packages = Readonly<Record<string, Readonly<Record<string, string>>>>;

const packageJson = (name: string, more: object): string =>
  JSON.stringify({ name, version: "1.2.3", ...more });

const PACKAGES: Packages = {
  "modern": {
    "package.json": packageJson("modern", {
      type: "module",
      exports: { ".": "./index.js", "./more": "./lib/more.js" },
      dependencies: { "@scope/inner": "^1.0.0" },
    }),
    "index.js": `import { inner } from "@scope/inner"; export const twice = (x) => inner(x) * 2; // <T>(x)`,
    "lib/more.js": `import { calls } from "@scope/inner"; export const callsOf = () => calls;`,
  },
  "@scope/inner": {
    "package.json": packageJson("@scope/inner", { type: "module", exports: "./index.js" }),
    "index.js": `export let calls = 0; export const inner = (x) => { calls++; return x + 1; };`,
  },
  "classic": {
    "package.json": packageJson("classic", { main: "main.js" }),
    "main.js": `const { text } = require("./text.js"); module.exports = function greet() { return text; };`,
    "text.js": `exports.text = "hello from CommonJS";`,
  },
  "nodejs": {
    "package.json": packageJson("nodejs", { main: "main.js" }),
    "main.js": `module.exports = require("node:fs");`,
  },
  "sneaky": {
    "package.json": packageJson("sneaky", { type: "module", main: "main.js" }),
    "main.js": `export const load = (name) => import(name);`,
  },
  "thief": {
    "package.json": packageJson("thief", { type: "module", main: "main.js" }),
    "main.js": `import secret from "SECRET"; export { secret };`,
  },
};

const MAIN = (imports: string, body: string): string =>
  `import { PluginPort } from "k-bert/sdk";\n${imports}\nexport class Main extends PluginPort { run(): unknown { ${body} } }`;

/** A folder for a plugin, and a registry; both are gone afterwards. */
class Setup implements AsyncDisposable {
  private constructor(
    readonly folder: string,
    readonly plugin: string,
    readonly registry: Deno.HttpServer<Deno.NetAddr>,
    readonly owned: AsyncDisposableStack,
  ) {}

  static async make(): Promise<Setup> {
    await using owned = new AsyncDisposableStack();
    const { path } = owned.use(await withTempFolder());
    const folder = await Deno.realPath(path);
    await Deno.mkdir(`${folder}/plugin`);
    await Deno.writeTextFile(`${folder}/secret.js`, `export default "TOP SECRET";`);
    const folders: string[] = [];
    for (const [name, files] of Object.entries(PACKAGES)) {
      const place = `${folder}/packages/${name}`;
      folders.push(place);
      for (const [file, content] of Object.entries(files)) {
        await Deno.mkdir(`${place}/${file}`.replace(/\/[^/]+$/, ""), { recursive: true });
        // From its place among the modules that are bundled, up to the folder beside the plugin's.
        const text = content.replace("SECRET", `${"../".repeat(7)}secret.js`);
        await Deno.writeTextFile(`${place}/${file}`, text);
      }
    }
    const graph = ["cli.ts", "tests/deps/esbuild_wasm.ts"];
    const registry = owned.use(await serveNpmRegistry(folders, graph));
    return new Setup(folder, `${folder}/plugin`, registry, owned.move());
  }

  async write(dependencies: readonly string[], imports: string, body = "return 0;"): Promise<void> {
    const list = JSON.stringify(dependencies);
    const manifest =
      `name: sample\nversion: 1.0.0\ndependencies: ${list}\nentry_points: { plugin: "main:Main" }\n`;
    await Deno.writeTextFile(`${this.plugin}/plugin.yaml`, manifest);
    await Deno.writeTextFile(`${this.plugin}/main.ts`, MAIN(imports, body));
  }

  install(...more: string[]): Promise<{ code: number; output: string; errors: string }> {
    return this.run(this.plugin, "plugin", "install", "plugin", ...more);
  }

  /** @param writable a folder that the program may write in */
  async run(
    writable: string,
    ...args: string[]
  ): Promise<{ code: number; output: string; errors: string }> {
    const { code, stdout, stderr } = await new Deno.Command("deno", {
      args: [
        ...[
          "run",
          "--no-prompt",
          "--no-config",
          "--no-lock",
          "--allow-run=deno",
          `--allow-read=${this.folder}`,
        ],
        ...[
          `--allow-write=${writable}`,
          new URL("cli.ts", CHECKOUT).pathname,
        ],
        ...args,
      ],
      cwd: this.folder,
      env: {
        ...{ DENO_DIR: `${this.folder}/cache`, NO_COLOR: "1" },
        NPM_CONFIG_REGISTRY: `http://127.0.0.1:${this.registry.addr.port}/`,
      },
    }).output();
    const decoder = new TextDecoder();
    return { code, output: decoder.decode(stdout), errors: decoder.decode(stderr) };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.owned.disposeAsync();
  }
}

/** The first ones tell of downloads. */
function lastLine(text: string): string {
  return text.trim().split("\n").at(-1)!;
}

Deno.test("plugin install brings modules of both formats that share what they share, and loading then fetches nothing", async () => {
  await using setup = await Setup.make();
  await setup.write(
    ["npm:modern@1.2.3", "npm:classic@1.2.3"],
    `import { twice } from "npm:modern@1.2.3";\nimport { callsOf } from "npm:modern@1.2.3/more";\n` +
      `import greet from "npm:classic@1.2.3";`,
    "return [twice(20), callsOf(), greet()];",
  );

  const { code, output, errors } = await setup.install("--json");

  assertEquals(code, 0, errors);
  const { imports, packages, sha256 } = JSON.parse(output);
  assertEquals(imports, ["npm:classic@1.2.3", "npm:modern@1.2.3", "npm:modern@1.2.3/more"]);
  assertEquals(Object.keys(packages), ["@scope/inner@1.2.3", "classic@1.2.3", "modern@1.2.3"]);
  for (const integrity of Object.values(packages)) assertMatch(String(integrity), /^sha512-[\w+/]{86}==$/);
  const files = pathsIn(setup.plugin).filter((path) => !/chunk-\w+\.js$/.test(path));
  assertEquals(files, [
    ...["main.ts", "plugin.yaml", "vendor", "vendor/npm", "vendor/npm/classic@1.2.3"],
    ...["vendor/npm/classic@1.2.3/index.js", "vendor/npm/modern@1.2.3", "vendor/npm/modern@1.2.3/index.js"],
    ...["vendor/npm/modern@1.2.3/more.js", "vendor/packages.json"],
  ]);
  const image = await buildImage(pluginSource(setup.plugin));
  assertEquals(image.sha256, sha256);
  await using manager = new PluginManager({ createSandbox: processSandbox });
  const plugin = await manager.start(image);
  assertEquals(await plugin.call("run", []), [42, 1, "hello from CommonJS"]);
});

Deno.test("plugin add brings the packages of a plugin along, and the lock has their hashes", async () => {
  await using setup = await Setup.make();
  await setup.write(
    ["npm:modern@1.2.3"],
    `import { twice } from "npm:modern@1.2.3";`,
    "return twice(20);",
  );

  const { code, output, errors } = await setup.run(
    setup.folder,
    "plugin",
    "add",
    "./plugin",
    "--yes",
    "--place",
    "place",
  );

  assertEquals(code, 0, errors);
  assertMatch(output, /^ {2}packages {2}@scope\/inner@1\.2\.3 sha512-\S+\n +modern@1\.2\.3 sha512-/m);
  const lock = JSON.parse(await Deno.readTextFile(`${setup.folder}/place/k-bert.lock`)).plugins.sample;
  assertEquals(Object.keys(lock.packages), ["@scope/inner@1.2.3", "modern@1.2.3"]);
  for (const integrity of Object.values(lock.packages)) {
    assertMatch(String(integrity), /^sha512-[\w+/]{86}==$/);
  }
  assertEquals(Object.keys(lock.files), ["main.ts", "plugin.yaml", "vendor/npm/modern@1.2.3/index.js"]);
  await using manager = new PluginManager({ createSandbox: processSandbox });
  const plugin = await manager.start(`${setup.folder}/place/sample`);
  assertEquals(await plugin.call("run", []), 42);
});

Deno.test("plugin install gives the same bytes again, and takes away what is not imported any more", async () => {
  await using setup = await Setup.make();
  await setup.write(["npm:modern@1.2.3"], `import { twice } from "npm:modern@1.2.3"; void twice;`);
  await setup.install();
  const first = (await buildImage(pluginSource(setup.plugin))).sha256;

  const again = await setup.install("--json");
  assertEquals(JSON.parse(again.output).sha256, first);
  await setup.write(["npm:modern@1.2.3"], "");
  const { code, output } = await setup.install();

  assertEquals([code, output.trim()], [0, "sample 1.0.0 imports no npm packages"]);
  assertEquals(pathsIn(setup.plugin), ["main.ts", "plugin.yaml"]);
});

Deno.test("plugin install refuses what is not allowed, in a sentence, and leaves the folder as it was", async (t) => {
  await using setup = await Setup.make();
  await setup.write(["npm:modern@1.2.3"], `import { twice } from "npm:modern@1.2.3"; void twice;`);
  await setup.install();
  const before = pathsIn(setup.plugin).filter((path) => path !== "main.ts");
  const cases: [what: string, dependencies: string[], imports: string, reason: RegExp][] = [
    [
      "a module of Node.js",
      ["npm:nodejs@1.2.3"],
      `import fs from "npm:nodejs@1.2.3"; void fs;`,
      /Could not resolve "node:fs"/,
    ],
    [
      "a computed import",
      ["npm:sneaky@1.2.3"],
      `import { load } from "npm:sneaky@1.2.3"; void load;`,
      /imports a module whose name is computed/,
    ],
    [
      "a file of the user",
      ["npm:thief@1.2.3"],
      `import { secret } from "npm:thief@1.2.3"; void secret;`,
      /imports [./]+secret\.js, which is not part of any package/,
    ],
    [
      "what is not declared",
      ["npm:modern@1.2.3"],
      `import greet from "npm:classic@1.2.3"; void greet;`,
      /main\.ts:2 imports "npm:classic@1\.2\.3", which its manifest does not declare/,
    ],
    [
      "a version that is not exact",
      ["npm:modern@^1.2.3"],
      "",
      /dependencies\.0: .*expected an exact package such as npm:lodash@4\.17\.21/,
    ],
    [
      "a package that does not exist",
      ["npm:nowhere@1.0.0"],
      `import "npm:nowhere@1.0.0";`,
      /Cannot download its packages: .*nowhere/,
    ],
    [
      "a file that does not exist",
      ["npm:modern@1.2.3"],
      `import "npm:modern@1.2.3/hidden";`,
      /Cannot bundle its packages: .*modern\/hidden/,
    ],
  ];
  for (const [what, dependencies, imports, reason] of cases) {
    await t.step(what, async () => {
      await setup.write(dependencies, imports);

      const { code, output, errors } = await setup.install();

      assertEquals([code, output], [1, ""]);
      assertMatch(lastLine(errors), reason);
      assertEquals(errors.includes("TOP SECRET"), false);
      assertEquals(pathsIn(setup.plugin).filter((path) => path !== "main.ts"), before);
    });
  }
});

Deno.test("plugin install says so when the registry cannot be reached", async () => {
  await using setup = await Setup.make();
  await setup.write(["npm:modern@1.2.3"], `import "npm:modern@1.2.3";`);
  await setup.install(); // the command's own packages are in the cache from here on
  await setup.write(["npm:classic@1.2.3"], `import "npm:classic@1.2.3";`);
  await setup.registry.shutdown();

  const { code, errors } = await setup.install();

  assertEquals(code, 1);
  assertMatch(
    lastLine(errors),
    /^error: Cannot install the packages of plugin: Cannot download its packages: /,
  );
});

Deno.test("plugin install needs one folder", async () => {
  await using setup = await Setup.make();

  const { code, errors } = await setup.install("another");

  assertEquals([code, lastLine(errors)], [
    2,
    "error: plugin install takes only FOLDER, and another is more; see plugin install --help",
  ]);
});
