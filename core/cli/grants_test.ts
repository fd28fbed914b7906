import { assert, assertEquals, assertMatch, assertRejects, assertStringIncludes } from "../deps/assert.ts";
import { consentFor } from "../security/consent.ts";
import { GrantStore } from "../security/grants.ts";
import { buildImage } from "../security/image.ts";
import { pluginSource } from "../security/source.ts";
import { KBertError } from "../wall/errors.ts";
import { grantsCommands } from "./grants.ts";
import { runCommandLine } from "./program.ts";

const HASH = "ab".repeat(32);

/** Runs `k-bert grants` and answers what it prints. */
async function grants(...args: string[]): Promise<string[]> {
  const lines: string[] = [];
  const print = (line: string): void => void lines.push(line);
  const program = { name: "k-bert", version: "1.0.0", summary: "", commands: grantsCommands };
  const { signal } = new AbortController();
  const io = { print, note: print, ask: undefined, color: false, signal, input: new ReadableStream() };
  await runCommandLine(program, ["grants", ...args], io);
  return lines;
}

/** A folder with a file of grants, and the command on it. */
async function workplace(): Promise<
  AsyncDisposable & {
    readonly path: string;
    readonly store: () => Promise<GrantStore>;
    /** The lines that it prints. */
    readonly run: (...args: string[]) => Promise<string[]>;
    readonly refusal: (...args: string[]) => Promise<KBertError>;
  }
> {
  const path = await Deno.realPath(await Deno.makeTempDir());
  const run = (...args: string[]): Promise<string[]> => grants(...args, `--file=${path}/grants.json`);
  return {
    path,
    run,
    refusal: (...args) => assertRejects(() => run(...args), KBertError),
    store: () => GrantStore.open(`${path}/grants.json`),
    [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }),
  };
}

async function pluginIn(path: string, permissions = "{ net: [a.com:443], read: [data] }"): Promise<string> {
  await Deno.mkdir(`${path}/shipper`, { recursive: true });
  const manifest = `name: shipper\nversion: 1.0.0\nentry_points: { augmenter: "main:A" }\n`;
  await Deno.writeTextFile(`${path}/shipper/plugin.yaml`, `${manifest}permissions: ${permissions}\n`);
  await Deno.writeTextFile(`${path}/shipper/main.ts`, "export class A {}");
  return `${path}/shipper`;
}

Deno.test("grants allow NAME@VERSION grants exactly the rights that are named", async () => {
  await using place = await workplace();
  const named = ["--net", "a.com", "--net=b.com:1", "--read=my%20data", "--write=out", "--env=LANG", "--gpu"];

  const lines = await place.run("allow", "spam_head@1.2.0-rc.1", "--sha256", HASH, ...named);

  const [{ time, ...grant } = { time: "" }] = (await place.store()).list();
  assertEquals(grant, {
    ...{ name: "spam_head", version: "1.2.0-rc.1", sha256: HASH, textAndNetwork: false },
    permissions: {
      ...{ net: ["a.com", "b.com:1"], read: ["my data"], write: ["out"], env: ["LANG"], gpu: true },
      services: [],
    },
  });
  assertEquals(lines, [
    `spam_head 1.2.0-rc.1, since ${time}, code ${HASH}, may`,
    "  connect to a.com",
    "  connect to b.com:1",
    '  read "my data" and what is in it',
    '  write "out" and what is in it',
    "  read the environment variable LANG",
    "  compute on the graphics card",
    "  not connect where it learns your texts",
  ]);
});

Deno.test("grants allow FOLDER grants what the plugin there asks for, and loading it asks nothing", async () => {
  await using place = await workplace();
  const folder = await pluginIn(place.path);
  const image = await buildImage(pluginSource(folder));

  const lines = await place.run("allow", folder, "--text-and-network", "--sha256", image.sha256);

  assertEquals(lines.slice(1), [
    "  connect to a.com:443",
    '  read "data" and what is in it',
    "  connect also where it learns your texts",
  ]);
  const granted = await consentFor(image, "augmenter", { store: place.store, ask: false });
  assertEquals(granted, image.manifest.permissions);
});

Deno.test("grants allow FOLDER does not grant another code than --sha256 says, nor nothing at all", async () => {
  await using place = await workplace();
  const folder = await pluginIn(place.path);

  const changed = await place.refusal("allow", folder, "--sha256", HASH);
  const nothing = await place.refusal("allow", await pluginIn(place.path, "{ services: [words] }"));
  const missing = await place.refusal("allow", `${place.path}/nowhere`);

  assertStringIncludes(changed.message, "is not what --sha256 says; it is ");
  assertStringIncludes(nothing.message, "shipper asks for nothing, so there is nothing to allow");
  assertEquals([changed.code, nothing.code, missing.code], [
    "usage/invalid",
    "usage/invalid",
    "plugin/image",
  ]);
  assertEquals((await place.store()).list(), []);
});

Deno.test("grants list shows a line for every grant, or one of JSON", async () => {
  await using place = await workplace();
  const empty = [await place.run("list"), await place.run("list", "--json")];
  await place.run("allow", "b@1.0.0", "--sha256", HASH, "--gpu");
  await place.run("allow", "a@2.0.0", "--sha256", HASH, "--net=a.com", "--env=LANG");

  const [lines, json] = [await place.run("list"), await place.run("list", "--json")];

  assertEquals(empty, [["Nothing is granted to any plugin"], []]);
  assertEquals(lines, [
    "b\t1.0.0\tabababababab\tcompute on the graphics card",
    "a\t2.0.0\tabababababab\tconnect to a.com, read the environment variable LANG",
  ]);
  assertEquals(json.map((line) => JSON.parse(line)), [...(await place.store()).list()]);
});

Deno.test("grants show NAME shows the grants of one plugin, or one line of JSON each", async () => {
  await using place = await workplace();
  await place.run("allow", "a@1.0.0", "--sha256", HASH, "--gpu");
  await place.run("allow", "b@1.0.0", "--sha256", HASH, "--gpu");
  await place.run("allow", "a@2.0.0", "--sha256", "0".repeat(64), "--gpu");

  const [lines, json] = [await place.run("show", "a"), await place.run("show", "a", "--json")];

  assertEquals(lines.map((line) => line.split(",")[0]), [
    ...["a 1.0.0", "  compute on the graphics card"],
    ...["a 2.0.0", "  compute on the graphics card"],
  ]);
  assertEquals(json.map((line) => JSON.parse(line).version), ["1.0.0", "2.0.0"]);
});

Deno.test("grants revoke NAME forgets all grants of one plugin, and loading it asks again", async () => {
  await using place = await workplace();
  const folder = await pluginIn(place.path);
  const image = await buildImage(pluginSource(folder));
  await place.run("allow", "other@1.0.0", "--sha256", HASH, "--gpu");
  await place.run("allow", folder, "--text-and-network");

  const lines = await place.run("revoke", "shipper");

  assertMatch(
    lines.join("\n"),
    /^Revoked: shipper\t1\.0\.0\t[0-9a-f]{12}\tconnect to a\.com:443, read "data"/,
  );
  assertEquals((await place.store()).list().map(({ name }) => name), ["other"]);
  await assertRejects(
    () => consentFor(image, "augmenter", { store: place.store, ask: false }),
    KBertError,
    "not allowed to this code yet",
  );
});

Deno.test("grants show and revoke say which plugin has no grant, and the nearest that has", async () => {
  await using place = await workplace();
  await place.run("allow", "spam_head@1.0.0", "--sha256", HASH, "--gpu");

  for (const command of ["show", "revoke"]) {
    const near = await place.refusal(command, "spam_haed");
    const far = await place.refusal(command, "x");

    assertEquals(near.message, "Nothing is granted to a plugin spam_haed; did you mean spam_head?");
    assertEquals([near.code, near.detail], ["plugin/unknown", { plugin: "spam_haed", nearest: "spam_head" }]);
    assertEquals(far.message, "Nothing is granted to a plugin x; grants list shows all grants");
  }
});

Deno.test("grants refuses a command line that it does not understand, and grants nothing", async (t) => {
  await using place = await workplace();
  const allow = (...args: string[]): string[] => ["allow", "a@1.0.0", "--sha256", HASH, ...args];
  const cases: [string, string[], RegExp][] = [
    ["no command", [], /^grants needs a command; there is list, show, allow and revoke/],
    ["an unknown command", ["grant"], /^There is no command grants grant; there is list/],
    ["a name that every object has", ["constructor"], /^There is no command grants constructor/],
    ["show without a name", ["show"], /^grants show needs NAME, see grants show --help$/],
    ["two names", ["revoke", "a", "b"], /^grants revoke takes only NAME, and b is more;/],
    ["list with a name", ["list", "a"], /^grants list takes no arguments, and a is more;/],
    ["list with a right", ["list", "--gpu"], /^There is no option --gpu; known are --json, --file$/],
    ["a right for a folder", ["allow", place.path, "--net=a"], /^grants allow FOLDER takes no --net/],
    [
      "no hash",
      ["allow", "a@1.0.0", "--gpu"],
      /needs --sha256; for a folder of that name, write \.\/a@1\.0\.0$/,
    ],
    [
      "half a hash",
      ["allow", "a@1.0.0", "--sha256=00", "--gpu"],
      /sha256: found "00", expected 64 hexadecimal/,
    ],
    ["no version", ["allow", "a@1", "--sha256", HASH, "--gpu"], /version: found "1", expected a version/],
    ["no rights", allow(), /^a asks for nothing, so there is nothing to allow$/],
    ["a wildcard", allow("--net=*"), /permissions\.net\.0: found "\*", expected a host/],
    ["a hidden sign", allow("--read=a%0Ab"), /permissions\.read\.0: .* expected a path without control/],
    ["a lone %", allow("--read=100%"), /^--read 100% has a % that begins no sign; write %25/],
    ["an unknown right", allow("--run=sh"), /^There is no option --run/],
  ];
  for (const [what, args, message] of cases) {
    await t.step(what, async () => {
      const error = await place.refusal(...args);

      assertMatch(error.message, message);
      assertEquals(error.code, "usage/invalid");
    });
  }
  assertEquals([...Deno.readDirSync(place.path)], []);
});

Deno.test("grants --help says what there is, and grants allow --help all about it", async () => {
  const [group = ""] = await grants("--help");
  const [command = ""] = await grants("allow", "--help");

  for (
    const word of ["grants list", "grants show NAME", "grants allow FOLDER|NAME@VERSION", "grants revoke"]
  ) {
    assertStringIncludes(group, word);
  }
  for (
    const word of ["--sha256 HASH", "--net HOST[:PORT]", "--text-and-network", "Examples:", "Exit codes"]
  ) {
    assertStringIncludes(command, word);
  }
  assert(`${group}\n${command}`.split("\n").every((line) => line.length <= 110));
});

Deno.test("cli.ts grants ends with 0, 1 or 2", async (t) => {
  await using place = await workplace();
  await place.run("allow", "spam_head@1.0.0", "--sha256", HASH, "--gpu");
  const cases: [string[], number, RegExp, RegExp][] = [
    [["list"], 0, /^spam_head\t1\.0\.0\tabababababab\tcompute on the graphics card\n$/, /^$/],
    [["show", "x"], 1, /^$/, /^error: Nothing is granted to a plugin x; grants list shows all grants\n$/],
    [["shwo"], 2, /^$/, /^error: There is no command grants shwo; /],
    [["revoke", "spam_head"], 0, /^Revoked: spam_head\t/, /^$/],
    [["list"], 0, /^Nothing is granted to any plugin\n$/, /^$/],
  ];
  for (const [args, code, stdout, stderr] of cases) {
    await t.step(args.join(" "), async () => {
      const rights = [`--allow-read=${place.path}`, `--allow-write=${place.path}`];
      const cli = new URL("../../cli.ts", import.meta.url).href;
      const ended = await new Deno.Command("deno", {
        args: ["run", "--no-prompt", ...rights, cli, "grants", ...args, `--file=${place.path}/grants.json`],
        env: { NO_COLOR: "1" },
      }).output();

      assertEquals(ended.code, code);
      assertMatch(new TextDecoder().decode(ended.stdout), stdout);
      assertMatch(new TextDecoder().decode(ended.stderr), stderr);
    });
  }
});
