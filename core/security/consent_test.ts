import { fc } from "../../tests/deps/fast_check.ts";
import { assert, assertEquals, assertMatch, assertRejects, assertStringIncludes } from "../deps/assert.ts";
import type { PortName } from "../manifest/families.ts";
import { parseManifest, type PluginManifest } from "../manifest/schema.ts";
import { KBertError } from "../wall/errors.ts";
import { printable } from "../wall/printable.ts";
import { decodeValue, encodeValue } from "./commands.ts";
import { askOver, type AskUser } from "./ask.ts";
import { consentAgain, consentFor } from "./consent.ts";
import { GrantStore } from "./grants.ts";
import { NO_PERMISSIONS, type Permissions } from "./permissions.ts";

type Asked = Partial<PluginManifest["permissions"]>;
type Image = Parameters<typeof consentFor>[0];

/** A plugin that asks for this, in its state of this number. */
function imageOf(permissions: Asked, code = 1, more: Partial<PluginManifest> = {}): Image {
  const entries = { head: "a:A", augmenter: "a:A", feature: "a:A", callback: "a:A", plugin: "a:A" };
  const value = { name: "sample", version: "1.0.0", entry_points: entries, permissions, ...more };
  const manifest = parseManifest(JSON.stringify(value), "plugin.yaml");
  return { manifest, sha256: code.toString(16).padEnd(64, "0") };
}

/** A file of grants that is gone at the end of the block. */
async function temporaryStore(): Promise<
  AsyncDisposable & { readonly path: string; readonly open: () => Promise<GrantStore> }
> {
  const folder = await Deno.realPath(await Deno.makeTempDir());
  const path = `${folder}/grants.json`;
  return {
    path,
    open: () => GrantStore.open(path),
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}

/** A person who gives these answers, and then none any more. */
function person(...answers: (string | undefined)[]): AskUser & { readonly asked: string[] } {
  const asked: string[] = [];
  const ask = (text: string): Promise<string | undefined> => {
    asked.push(text);
    return Promise.resolve(answers.shift());
  };
  return Object.assign(ask, { asked });
}

const neverOpened = (): Promise<GrantStore> => Promise.reject(new Error("the grants were opened"));
const rights = (more: Partial<Permissions>): Permissions => ({ ...NO_PERMISSIONS, ...more });
const NET = { net: ["api.example.com:443"] };

async function refused(
  image: Image,
  port: PortName,
  options: Parameters<typeof consentFor>[2],
): Promise<KBertError<"plugin/consent">> {
  const error = await assertRejects(() => consentFor(image, port, options), KBertError);
  assertEquals(error.code, "plugin/consent");
  return error as KBertError<"plugin/consent">;
}

Deno.test("consentFor() answers at once for a plugin that asks for nothing, and opens no file", async () => {
  const ask = person();

  const none = await consentFor(imageOf({}), "augmenter", { store: neverOpened, ask });
  const services = await consentFor(imageOf({ services: ["words"] }), "head", { store: neverOpened, ask });

  assertEquals([none, services], [NO_PERMISSIONS, rights({ services: ["words"] })]);
  assertEquals(ask.asked, []);
});

Deno.test("consentFor() asks in plain words, and remembers a yes for exactly this code", async () => {
  await using store = await temporaryStore();
  const image = imageOf({ ...NET, read: ["data"], write: ["out"], env: ["LANG"], gpu: true });
  const ask = person("y");

  const granted = await consentFor(image, "head", { store: store.open, ask });
  const again = await consentFor(image, "head", { store: store.open, ask: false });

  const { services: _, ...asks } = image.manifest.permissions;
  assertEquals([granted, again], Array(2).fill(rights(asks)));
  assertEquals(ask.asked, [
    [
      "The plugin sample 1.0.0 (code 100000000000) wants to",
      "    connect to api.example.com:443",
      '    read "data" and what is in it',
      '    write "out" and what is in it',
      "    read the environment variable LANG",
      "    compute on the graphics card",
      "Allow this, and remember it for exactly this code? [y]es / [n]o: ",
    ].join("\n"),
  ]);
  const { time: _time, ...grant } = (await store.open()).latest("sample")!;
  assertEquals(grant, {
    ...{ name: "sample", version: "1.0.0", sha256: image.sha256 },
    ...{ permissions: rights(asks), textAndNetwork: false },
  });
});

Deno.test("consentFor() takes yes for yes, and everything else for no", async (t) => {
  for (const answer of ["y", "Y", " yes ", "YES"]) {
    await t.step(answer, async () => {
      await using store = await temporaryStore();
      await consentFor(imageOf({ gpu: true }), "head", { store: store.open, ask: person(answer) });
    });
  }
  for (const answer of ["n", "no", "", "ye", "yy", "y\ny", "yes please", "sample", undefined]) {
    await t.step(JSON.stringify(answer) ?? "the end of the input", async () => {
      await using store = await temporaryStore();
      const ask = person(answer, "y", "sample");

      const error = await refused(imageOf(NET), "augmenter", { store: store.open, ask });

      assertMatch(
        error.message,
        /^The plugin sample 1\.0\.0 was refused what it asks for; should you change/,
      );
      assertEquals([ask.asked.length, (await store.open()).list()], [1, []]);
    });
  }
});

Deno.test("consentFor() asks again when the code has changed, and shows the difference", async () => {
  await using store = await temporaryStore();
  const first = imageOf({ read: ["data", "old"], gpu: true });
  await consentFor(first, "head", { store: store.open, ask: person("y") });
  const second = imageOf({ read: ["data"], gpu: true, ...NET }, 2, { version: "1.1.0" });
  const ask = person("y");

  const granted = await consentFor(second, "head", { store: store.open, ask });

  const today = (await store.open()).list()[0]!.time.slice(0, 10);
  assertEquals(granted, rights({ ...NET, read: ["data"], gpu: true }));
  assertEquals(ask.asked[0]?.split("\n"), [
    "The plugin sample 1.1.0 (code 200000000000) wants to",
    "    connect to api.example.com:443",
    '    read "data" and what is in it',
    "    compute on the graphics card",
    `  On ${today} you allowed version 1.0.0 (code 100000000000). Since then its code has changed, and`,
    "  it newly wants to",
    "    connect to api.example.com:443",
    "  it no longer wants to",
    '    read "old" and what is in it',
    "Allow this, and remember it for exactly this code? [y]es / [n]o: ",
  ]);
  assertEquals(
    await consentFor(first, "head", { store: store.open, ask: false }),
    rights({
      ...{ read: ["data", "old"], gpu: true },
    }),
  );
});

Deno.test("consentFor() asks again when only the code has changed, and says so", async () => {
  await using store = await temporaryStore();
  await consentFor(imageOf({ gpu: true }), "head", { store: store.open, ask: person("y") });
  const changed = imageOf({ gpu: true }, 2);
  const ask = person("n");

  const answered = await refused(changed, "head", { store: store.open, ask });
  const silent = await refused(changed, "head", { store: store.open, ask: false });

  assertStringIncludes(
    ask.asked[0]!,
    "Since then its code has changed, and\n  it asks for nothing new\nAllow",
  );
  assertStringIncludes(silent.message, "(new since version 1.0.0, which you allowed: only its code)");
  assertEquals(answered.detail, silent.detail);
});

Deno.test("consentFor() never gives more than is granted and asked for, nor asks about a part again", async () => {
  await using store = await temporaryStore();
  const image = imageOf({ net: ["a.com", "b.com"], env: ["LANG"] });
  const granted = rights({ net: ["b.com", "c.com"], write: ["/"], gpu: true });
  const { name, version } = image.manifest;
  await (await store.open()).grant({
    ...{ name, version, sha256: image.sha256, permissions: granted, textAndNetwork: true },
  });

  const effective = await consentFor(image, "plugin", { store: store.open, ask: false });

  assertEquals(effective, rights({ net: ["b.com"] }));
});

Deno.test("consentFor() asks a second question where texts and the network meet", async (t) => {
  const listens = { events: { emits: [], listens: ["augmenter.>"] } };
  const services = { permissions: { ...rights({}), ...NET, services: ["words"] } as never };
  const cases: [string, PortName, Image, string][] = [
    ["an augmenter", "augmenter", imageOf(NET), "it is an augmenter"],
    ["a feature extractor", "feature", imageOf(NET), "it is a feature extractor"],
    ["any plugin", "plugin", imageOf(NET), "it is called with whatever you give it"],
    ["a head that hears others", "head", imageOf(NET, 1, listens), "it hears events of other plugins"],
    ["a callback with services", "callback", imageOf({}, 1, services), "it calls services of your script"],
  ];
  for (const [what, port, image, reason] of cases) {
    await t.step(what, async () => {
      await using store = await temporaryStore();
      const ask = person("yes", " sample ");

      const granted = await consentFor(image, port, { store: store.open, ask });

      assertEquals(granted.net, NET.net);
      assertEquals(ask.asked.length, 2);
      assertEquals(ask.asked[1]?.split("\n"), [
        `sample can learn your texts, because ${reason}, and it may connect to api.example.com:443:`,
        "it could send your texts there, and nothing would show it.",
        "If that is what you want, type the name of the plugin (sample); anything else refuses: ",
      ]);
      assertEquals((await store.open()).latest("sample")?.textAndNetwork, true);
      assertEquals(await consentFor(image, port, { store: store.open, ask: false }), granted);
    });
  }
});

Deno.test("consentFor() asks one question where texts and the network do not meet", async (t) => {
  const cases: [string, PortName, Asked][] = [
    ["a head with the network", "head", NET],
    ["a callback with the network", "callback", NET],
    ["an augmenter with files", "augmenter", { read: ["data"] }],
    ["any plugin with the graphics card", "plugin", { gpu: true }],
  ];
  for (const [what, port, asks] of cases) {
    await t.step(what, async () => {
      await using store = await temporaryStore();
      const ask = person("y");

      const granted = await consentFor(imageOf(asks), port, { store: store.open, ask });

      assertEquals([granted, ask.asked.length], [rights(asks), 1]);
      assertEquals((await store.open()).latest("sample")?.textAndNetwork, false);
    });
  }
});

Deno.test("consentFor() takes only the plugin's name for the second yes, and remembers nothing without", async (t) => {
  for (const answer of ["y", "yes", "", "Sample", "sample 1.0.0", undefined]) {
    await t.step(JSON.stringify(answer) ?? "the end of the input", async () => {
      await using store = await temporaryStore();

      await refused(imageOf(NET), "augmenter", { store: store.open, ask: person("y", answer) });

      assertEquals((await store.open()).list(), []);
    });
  }
});

Deno.test("consentFor() asks only the second question if the rest was granted for another port", async () => {
  await using store = await temporaryStore();
  const image = imageOf({ ...NET, gpu: true });
  await consentFor(image, "head", { store: store.open, ask: person("y") });

  const silent = await refused(image, "augmenter", { store: store.open, ask: false });
  const ask = person("sample");
  const granted = await consentFor(image, "augmenter", { store: store.open, ask });

  assertMatch(silent.message, /having the network together with your texts is not allowed to this code yet/);
  assertStringIncludes(silent.message, "--text-and-network");
  assertEquals([granted, ask.asked.length], [rights({ ...NET, gpu: true }), 1]);
  assertMatch(ask.asked[0]!, /^sample can learn your texts/);
});

Deno.test("consentFor() asks nobody without a terminal and gives a command that makes the next load succeed", async (t) => {
  const odd = [
    "my data",
    "it's",
    "$(touch x)",
    "a;b|c&d",
    "100%",
    "données",
    '"q"',
    "a,b",
    "-A",
    "C:\\x",
    "~",
    "\u3164",
  ];
  const cases: [string, PortName, Asked][] = [
    ["a head", "head", { ...NET, gpu: true }],
    ["texts and the network", "plugin", { net: ["a.com:1", "b.com"], env: ["LANG", "_"] }],
    ["odd paths", "callback", { read: odd, write: [" "] }],
    ["as much as can be shown", "head", { read: Array.from({ length: 25 }, (_, n) => `data/part-${n}/`) }],
  ];
  for (const [what, port, asks] of cases) {
    await t.step(what, async () => {
      await using store = await temporaryStore();
      const image = imageOf(asks);

      const error = await refused(image, port, { store: store.open, ask: false });
      const { plugin, sha256, command } = error.detail;
      assertEquals([plugin, sha256], ["sample", image.sha256]);
      assert(printable(error.message).endsWith(command), "the command has to be whole, and at the end");
      // No shell takes any of this for more than a word; but a temporary folder may need its quotes.
      assertMatch(command.replaceAll(store.path, "").replace(/'--\S+'/g, ""), /^[\p{L}\d _.\/:@+=%-]+$/u);
      const [deno = "", ...args] = command.split(" ");
      const { code, stderr } = await new Deno.Command(deno, { args }).output();

      assertEquals([code, new TextDecoder().decode(stderr)], [0, ""]);
      const granted = await consentFor(image, port, { store: store.open, ask: false });
      assertEquals(granted, rights(asks));
      await refused(imageOf(asks, 2), port, { store: store.open, ask: false });
    });
  }
});

Deno.test("consentFor() without a terminal says what is asked for, what is new and why it matters", async () => {
  await using store = await temporaryStore();
  await consentFor(imageOf({ gpu: true }), "feature", { store: store.open, ask: person("y") });

  const error = await refused(imageOf({ gpu: true, ...NET }, 2), "feature", {
    store: store.open,
    ask: false,
  });

  assertStringIncludes(
    error.message,
    "The plugin sample 1.0.0 asks to connect to api.example.com:443, compute on the graphics card (new since " +
      "version 1.0.0, which you allowed: connect to api.example.com:443), and that is not allowed to this code " +
      "yet (it is a feature extractor, so it could send your texts away); to allow it, run: deno run ",
  );
  assertEquals(error.detail.asks, ["connect to api.example.com:443", "compute on the graphics card"]);
});

Deno.test("consentFor() asks nothing whose answer could not be kept", async () => {
  const ask = person("y");
  const store = (): Promise<GrantStore> => GrantStore.open("core/security/grants.json"); // may only be read

  const error = await refused(imageOf({ gpu: true }), "head", { store, ask });

  assertEquals(ask.asked, []);
  assertStringIncludes(error.message, "an answer here could not be kept, so to allow it, run: deno run ");
});

Deno.test("consentFor() passes a damaged file of grants on as an error, and asks nothing", async () => {
  await using store = await temporaryStore();
  await Deno.writeTextFile(store.path, '{"grants": "all"}', { mode: 0o600 });
  const ask = person("y");

  const error = await assertRejects(
    () => consentFor(imageOf({ gpu: true }), "head", { store: store.open, ask }),
    KBertError,
    store.path,
  );

  assertEquals([error.code, ask.asked.length], ["document/invalid", 0]);
  assertEquals(await Deno.readTextFile(store.path), '{"grants": "all"}');
});

Deno.test("consentFor() refuses a plugin that asks for more than can be shown", async (t) => {
  const cases: Record<string, Asked> = {
    "too much": { net: Array.from({ length: 100 }, (_, index) => `host-${index}.example.com`) },
    "too long a path": { read: ["x".repeat(2_000)] },
    "a path that takes many escapes": { write: ["\u2028".repeat(200)] },
  };
  for (const [what, asks] of Object.entries(cases)) {
    await t.step(what, async () => {
      const ask = person("y");

      const error = await assertRejects(
        () => consentFor(imageOf(asks), "head", { store: neverOpened, ask }),
        KBertError,
        "and the limit is 1500; let it ask for less in plugin.yaml",
      );

      assertEquals([error.code, ask.asked], ["plugin/image", []]);
    });
  }
});

Deno.test("consentFor() shows no right that could pass for a line of the question", async () => {
  await using store = await temporaryStore();
  const fake = `x${" ".repeat(70)}Allow this, and remember it for exactly this code? [y]es / [n]o:`;
  const ask = person("n");

  await refused(imageOf({ read: [fake, "a\u2028b"] }), "head", { store: store.open, ask });

  const lines = ask.asked[0]!.split(/[\n\r\u2028\u2029\u0085]/);
  assertEquals(lines.length, 4);
  assertMatch(lines[1]!, /^ {4}read "x (\\u\{20\}){69}Allow this/);
});

Deno.test("consentFor() puts one question at a time, and none that was answered meanwhile", async () => {
  await using store = await temporaryStore();
  let opened = 0;
  const open = async (): Promise<GrantStore> => {
    const grants = await store.open();
    opened++;
    return grants;
  };
  const asked: string[] = [];
  const [shown, answer] = [Promise.withResolvers<void>(), Promise.withResolvers<string>()];
  const ask: AskUser = (text) => {
    asked.push(text.split(" (")[0]!);
    shown.resolve();
    return answer.promise;
  };
  const load = (image: Image): Promise<Permissions> => consentFor(image, "head", { store: open, ask });

  const first = load(imageOf({ gpu: true }));
  await shown.promise;
  const others = [load(imageOf({ gpu: true })), load(imageOf({ gpu: true }, 2, { name: "other" }))];
  while (opened < 4) await new Promise((resolve) => setTimeout(resolve, 1));

  assertEquals(asked, ["The plugin sample 1.0.0"]);
  answer.resolve("y");
  assertEquals(await Promise.all([first, ...others]), Array(3).fill(rights({ gpu: true })));
  assertEquals(asked, ["The plugin sample 1.0.0", "The plugin other 1.0.0"]);
});

Deno.test("consentFor() goes on with the next question when one ends in an error", async () => {
  await using store = await temporaryStore();
  const [shown, gone] = [Promise.withResolvers<void>(), Promise.withResolvers<string>()];
  const broken: AskUser = () => {
    shown.resolve();
    return gone.promise;
  };

  const first = consentFor(imageOf({ gpu: true }), "head", { store: store.open, ask: broken });
  await shown.promise;
  const second = consentFor(imageOf({ gpu: true }), "head", { store: store.open, ask: person("y") });
  gone.reject(new Error("the terminal is gone"));

  await assertRejects(() => first, Error, "the terminal is gone");
  assertEquals(await second, rights({ gpu: true }));
});

/** The version that runs, with all that it asks for or only with a part. */
function running(asks: Asked, granted: Partial<Permissions> = asks, more: Partial<PluginManifest> = {}): {
  readonly image: Image;
  readonly permissions: Permissions;
} {
  return { image: imageOf(asks, 1, more), permissions: rights(granted) };
}

Deno.test("consentAgain() asks nothing of new code that asks for nothing more, and gives it what the one before had", async (t) => {
  const all = { net: ["a.com", "b.com"], read: ["data"], env: ["LANG"], gpu: true };
  const cases: [
    what: string,
    before: Asked,
    had: Partial<Permissions>,
    now: Asked,
    has: Partial<Permissions>,
  ][] = [
    ["nothing at all", {}, {}, {}, {}],
    ["the same", all, all, all, all],
    ["the same, of which only a part was granted", all, { net: ["b.com"] }, all, { net: ["b.com"] }],
    ["less", all, all, { net: ["a.com"], gpu: true }, { net: ["a.com"], gpu: true }],
    ["less, and not what was granted", all, { net: ["b.com"] }, { net: ["a.com"] }, {}],
    ["nothing any more", all, all, {}, {}],
    ["services, which are no right", {}, {}, { services: ["words"] }, { services: ["words"] }],
  ];
  for (const [what, before, had, now, has] of cases) {
    await t.step(what, async () => {
      const ask = person("y", "sample");

      const granted = await consentAgain(imageOf(now, 2), "head", running(before, had), {
        ...{ store: neverOpened, ask },
      });

      assertEquals([granted, ask.asked], [rights(has), []]);
    });
  }
});

Deno.test("consentAgain() remembers nothing: a start of the new code asks as any other", async () => {
  await using store = await temporaryStore();
  await consentAgain(imageOf({ gpu: true }, 2), "head", running({ gpu: true }), {
    store: store.open,
    ask: false,
  });

  assertEquals((await store.open()).list(), []);
  await refused(imageOf({ gpu: true }, 2), "head", { store: store.open, ask: false });
});

Deno.test("consentAgain() asks before new code gets more, and gives it nothing without a yes", async (t) => {
  const cases: [what: string, before: Asked, now: Asked][] = [
    ["another host", { net: ["a.com"] }, { net: ["a.com", "b.com"] }],
    ["another port of a host", { net: ["a.com:443"] }, { net: ["a.com"] }],
    ["a folder", {}, { read: ["data"] }],
    ["to write what it read", { read: ["data"] }, { read: ["data"], write: ["data"] }],
    ["a variable", { gpu: true }, { env: ["LANG"] }],
    ["the graphics card", { env: ["LANG"] }, { env: ["LANG"], gpu: true }],
  ];
  for (const [what, before, now] of cases) {
    await t.step(what, async () => {
      await using store = await temporaryStore();
      const [image, version] = [imageOf(now, 2), running(before)];
      for (const ask of [person("n"), person(), false] as const) {
        const again = (): Promise<Permissions> =>
          consentAgain(image, "head", version, { store: store.open, ask });
        const error = await assertRejects(again, KBertError);
        assertEquals([error.code, (await store.open()).list()], ["plugin/consent", []]);
      }
      const ask = person("y");

      const granted = await consentAgain(image, "head", version, { store: store.open, ask });

      assertEquals([granted, ask.asked.length], [rights(now), 1]);
      // As for any other start: exactly this code has it from now on.
      assertEquals(await consentFor(image, "head", { store: store.open, ask: false }), granted);
    });
  }
});

Deno.test("consentAgain() asks about more than a version asked for also when that one was granted less", async () => {
  await using store = await temporaryStore();
  const before = running({ net: ["a.com"], gpu: true }, { gpu: true });
  const ask = person("y");

  const granted = await consentAgain(imageOf({ net: ["a.com", "b.com"] }, 2), "head", before, {
    ...{ store: store.open, ask },
  });

  assertEquals([granted, ask.asked.length], [rights({ net: ["a.com", "b.com"] }), 1]);
});

Deno.test("consentAgain() asks when code with the network newly learns texts, and not when it did before", async (t) => {
  const listens = { events: { emits: [], listens: ["augmenter.>"] } };
  const cases: [what: string, asks: Asked, more: Partial<PluginManifest>][] = [
    ["by events", NET, listens],
    ["by services", { ...NET, services: ["words"] }, {}],
  ];
  for (const [what, asks, more] of cases) {
    await t.step(what, async () => {
      await using store = await temporaryStore();
      const image = imageOf(asks, 2, more);
      const ask = person("y", "sample");

      const granted = await consentAgain(image, "head", running(NET), { store: store.open, ask });

      assertEquals([granted, ask.asked.length], [rights(asks), 2]);
      assertMatch(ask.asked[1]!, /^sample can learn your texts, because it (?:hears events|calls services)/);
      const later = await consentAgain(imageOf(asks, 3, more), "head", { image, permissions: granted }, {
        ...{ store: neverOpened, ask: false },
      });
      assertEquals(later, granted);
    });
  }
  await t.step("without the network", async () => {
    const image = imageOf({ gpu: true }, 2, listens);

    const granted = await consentAgain(image, "head", running({ gpu: true }), {
      ...{ store: neverOpened, ask: false },
    });

    assertEquals(granted, rights({ gpu: true }));
  });
  await t.step("by a port that learns them anyway", async () => {
    const granted = await consentAgain(imageOf(NET, 2, listens), "augmenter", running(NET), {
      ...{ store: neverOpened, ask: false },
    });

    assertEquals(granted, rights(NET));
  });
});

Deno.test("encodeValue() leaves no sign to a shell, and decodeValue() gives the value back", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 20 }), (value) => {
      const encoded = encodeValue(value);

      assertMatch(encoded, /^[\p{Lu}\p{Ll}\p{Lo}0-9_.\/:@+%-]*$/u);
      assertEquals(decodeValue(encoded), value);
    }),
    { seed: 1, numRuns: 500 },
  );
});

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A terminal on which the first pieces were typed before anything was shown, and the others after it. */
function terminal(early: readonly Uint8Array[], late: readonly Uint8Array[]): {
  readonly ask: AskUser;
  readonly shown: () => string;
} {
  const waiting = [...early];
  const seen = Promise.withResolvers<void>();
  let shown = "";
  const input = {
    async read(into: Uint8Array): Promise<number | null> {
      if (waiting.length === 0) await seen.promise;
      const piece = waiting.shift();
      into.set(piece ?? []);
      return piece?.length ?? null;
    },
  };
  const output = { // takes a byte at a time, as a terminal may
    writeSync(part: Uint8Array): number {
      if (shown === "") waiting.push(...late);
      seen.resolve();
      shown += String.fromCharCode(part[0]!);
      return 1;
    },
  };
  return { ask: askOver(input, output, 1), shown: () => shown };
}

Deno.test("askOver() answers a line of whatever pieces it comes in, and undefined at the end", async (t) => {
  const cases: [string, (string | Uint8Array)[], string | undefined][] = [
    ["a line", ["yes\n"], "yes"],
    ["a line of another system", ["yes\r\n"], "yes"],
    ["an empty line", ["\n"], ""],
    ["pieces", ["y", "e", "s\n"], "yes"],
    ["what was typed after it", ["yes\nsample\n"], "yes"],
    ["a sign in two pieces", [bytesOf("é").slice(0, 1), bytesOf("é\n").slice(1)], "é"],
    ["too much", ["y".repeat(1_024), "y".repeat(1_024), "y\n"], ""],
    ["no end of the line", ["yes"], undefined],
    ["nothing", [], undefined],
  ];
  for (const [what, pieces, expected] of cases) {
    await t.step(what, async () => {
      const { ask, shown } = terminal([], pieces.map((one) => typeof one === "string" ? bytesOf(one) : one));

      assertEquals([await ask("Sure? "), shown()], [expected, "Sure? "]);
    });
  }
});

Deno.test("askOver() takes nothing for an answer that was typed before the question was shown", async () => {
  const { ask } = terminal([bytesOf("y\n"), bytesOf("yes\n")], [bytesOf("n\n")]);

  assertEquals(await ask("Sure? "), "n");
});

Deno.test("askOver() shows no question to somebody who has gone", async () => {
  let shown = false;
  const output = { writeSync: (bytes: Uint8Array): number => (shown = true, bytes.length) };

  const answer = await askOver({ read: () => Promise.resolve(null) }, output)("Sure? ");

  assertEquals([answer, shown], [undefined, false]);
});
