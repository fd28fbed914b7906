import { assert, assertEquals, assertRejects, assertStringIncludes } from "../../deps/assert.ts";
import { fc } from "../../../tests/deps/fast_check.ts";
import { symlink } from "../../../tests/fixtures/symlink.ts";
import { KBertError } from "../../wall/errors.ts";
import type { ServedCall } from "../../wall/options.ts";
import { FILES_ARGUMENTS, filesApi } from "./files.ts";

/** A folder with `root/` (granted in most tests) and `outside/`; removed at the end. */
class Disk implements AsyncDisposable {
  private constructor(readonly path: string) {}

  static async make(): Promise<Disk> {
    // Resolved: the folder for temporary files may be behind a link.
    const disk = new Disk(await Deno.realPath(await Deno.makeTempDir({ prefix: "k-bert-" })));
    await Deno.mkdir(`${disk.path}/root/sub`, { recursive: true });
    await Deno.mkdir(`${disk.path}/outside`);
    await Deno.writeTextFile(`${disk.path}/root/a.txt`, "ham");
    await Deno.writeTextFile(`${disk.path}/root/sub/b.txt`, "spam");
    await Deno.writeTextFile(`${disk.path}/outside/secret.txt`, "secret");
    return disk;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.path, { recursive: true });
  }
}

function call(signal = new AbortController().signal): ServedCall {
  return { method: "files", args: [], stream: false, signal };
}

/** The methods as a plugin has them. */
function filesOf(granted: { read?: string[]; write?: string[] }): {
  read(path: string): Promise<string>;
  write(path: string, text: string): Promise<void>;
  list(path: string): Promise<unknown>;
} {
  const api = filesApi("x", { read: [], write: [], ...granted });
  return {
    read: async (path) => new TextDecoder().decode(await api["files.read"]([path], call()) as Uint8Array),
    write: async (path, text) => {
      await api["files.write"]([path, new TextEncoder().encode(text)], call());
    },
    list: async (path) => await api["files.list"]([path], call()),
  };
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  return (await assertRejects(() => promise, KBertError) as KBertError).code;
}

/** A path as one that is relative to the working folder. */
function relative(path: string): string {
  const cwd = Deno.cwd();
  assert(path.startsWith(cwd), "the folder for temporary files is inside the working folder");
  return path.slice(cwd.length + 1);
}

Deno.test("filesApi() reads and lists below a root, named from the top or from the working folder", async () => {
  await using disk = await Disk.make();
  const root = `${disk.path}/root`;
  for (const granted of [root, `${root}/`, relative(root), `./${relative(root)}/.`]) {
    const files = filesOf({ read: [granted] });

    assertEquals(await files.read(`${root}/a.txt`), "ham");
    assertEquals(await files.read(`${relative(root)}//sub/./b.txt`), "spam");
    assertEquals(await files.list(root), [{ name: "a.txt", kind: "file" }, { name: "sub", kind: "folder" }]);
  }
  assertEquals(await filesOf({ read: [`${root}/a.txt`] }).read(`${root}/a.txt`), "ham");
});

Deno.test("filesApi() refuses everything that is not below a root, whether it is there or not", async (t) => {
  await using disk = await Disk.make();
  const root = `${disk.path}/root`;
  const files = filesOf({ read: [root, `${disk.path}/outside/other.txt`], write: [root] });
  const paths = [
    ...[`${disk.path}/outside/secret.txt`, `${disk.path}/outside/missing.txt`, `${root}x/a.txt`, disk.path],
    ...["/", "/etc/hostname", "/proc/self/environ", "/dev/zero", "a.txt", ".", "~/a.txt"],
    ...[`${root}/../outside/secret.txt`, `${root}/sub/../a.txt`, `..`, `${root}/..`, `${root}\\..\\outside`],
    ...[`file://${root}/a.txt`, ` ${root}/a.txt`, root.toUpperCase() + "/a.txt"],
  ];
  for (const path of paths) {
    await t.step(path.replaceAll(disk.path, "DISK"), async () => {
      assertEquals(await codeOf(files.read(path)), "capability/refused");
      assertEquals(await codeOf(files.list(path)), "capability/refused");
      assertEquals(await codeOf(files.write(path, "a")), "capability/refused");
    });
  }
  await t.step("and says what to do", async () => {
    const message = "The plugin x may not read /etc/hostname: add it to permissions.read in plugin.yaml";
    await assertRejects(() => files.read("/etc/hostname"), KBertError, message);
  });
});

Deno.test("filesApi() decodes no names", async () => {
  await using disk = await Disk.make();
  const root = `${disk.path}/root`;
  const files = filesOf({ read: [root], write: [root] });
  for (const name of ["%2e%2e", "..%2foutside%2fsecret.txt", "%2e%2e%5coutside", "．．", "..\u2044outside"]) {
    await files.write(`${root}/${name}`, name);

    assertEquals(await files.read(`${root}/${name}`), name);
    assertEquals(await Deno.readTextFile(`${root}/${name}`), name);
  }
});

Deno.test("FILES_ARGUMENTS take no control characters, no endless path and no endless file", () => {
  const { "files.read": read, "files.write": write } = FILES_ARGUMENTS;
  for (const path of ["", "a\0b", "a\nb", "\u001b[2J", "\u0085", "a".repeat(4_097)]) {
    assert(!read.safeParse([path]).success, JSON.stringify(path));
  }
  assert(!write.safeParse(["a", new Uint8Array(2 ** 24 + 1)]).success);
  assert(write.safeParse(["a", new Uint8Array(2 ** 24)]).success);
});

Deno.test({
  name: "filesApi() follows links below a root, and none that leads out of it",
  ignore: Deno.build.os === "windows",
  async fn(t): Promise<void> {
    await using disk = await Disk.make();
    const root = `${disk.path}/root`;
    await symlink("../root/sub/b.txt", `${root}/in`);
    await symlink("sub", `${root}/folder_in`);
    await symlink("../outside/secret.txt", `${root}/out`);
    await symlink("../outside/missing.txt", `${root}/nowhere_out`);
    await symlink("../outside", `${root}/folder_out`);
    await symlink("folder_out", `${root}/twice_out`);
    await symlink(disk.path, `${root}/up`);
    await symlink("loop", `${root}/loop`);
    const files = filesOf({ read: [root], write: [root] });

    await t.step("below", async () => {
      assertEquals(await files.read(`${root}/in`), "spam");
      assertEquals(await files.list(`${root}/folder_in`), [{ name: "b.txt", kind: "file" }]);
      await files.write(`${root}/folder_in/new.txt`, "new");
      assertEquals(await Deno.readTextFile(`${root}/sub/new.txt`), "new");
    });
    for (
      const name of [
        ...["out", "nowhere_out", "folder_out/secret.txt", "folder_out/missing.txt", "twice_out/secret.txt"],
        ...[
          "folder_out",
          "up/outside/secret.txt",
          "up/root/a.txt/../../outside",
          "folder_out/missing/missing",
        ],
      ]
    ) {
      await t.step(`${name} is not read`, async () => {
        assertEquals(await codeOf(files.read(`${root}/${name}`)), "capability/refused");
        assertEquals(await codeOf(files.list(`${root}/${name}`)), "capability/refused");
      });
    }
    await t.step("a path that comes back is fine", async () => {
      assertEquals(await files.read(`${root}/up/root/a.txt`), "ham");
    });
    for (const name of ["folder_out/new.txt", "twice_out/new.txt", "folder_out/new/new.txt", "up/new.txt"]) {
      await t.step(`${name} is not written`, async () => {
        assertEquals(await codeOf(files.write(`${root}/${name}`, "a")), "capability/refused");
      });
    }
    for (const name of ["in", "out", "nowhere_out", "folder_out"]) {
      await t.step(`${name} is not written through`, async () => {
        assertEquals(await codeOf(files.write(`${root}/${name}`, "a")), "file/unusable");
      });
    }
    await t.step("a loop is no file", async () => {
      assertEquals(await codeOf(files.read(`${root}/loop`)), "file/unusable");
    });

    assertEquals([...Deno.readDirSync(`${disk.path}/outside`)].map(({ name }) => name), ["secret.txt"]);
    assertEquals(await Deno.readTextFile(`${disk.path}/outside/secret.txt`), "secret");
  },
});

Deno.test({
  name: "filesApi() takes a root that is a link for the place where it leads",
  ignore: Deno.build.os === "windows",
  async fn(): Promise<void> {
    await using disk = await Disk.make();
    await symlink("root", `${disk.path}/link`);
    await symlink("root/a.txt", `${disk.path}/file_link`);
    await symlink("missing", `${disk.path}/dangling`);
    const roots = [`${disk.path}/link`, `${disk.path}/file_link`, `${disk.path}/dangling`];
    const files = filesOf({ read: roots, write: roots });

    await files.write(`${disk.path}/link/new.txt`, "new");

    assertEquals(await files.read(`${disk.path}/link/new.txt`), "new");
    assertEquals(await files.read(`${disk.path}/file_link`), "ham");
    assertEquals(await codeOf(files.read(`${disk.path}/root/a.txt`)), "capability/refused");
    assertEquals(await codeOf(files.read(`${disk.path}/dangling`)), "file/unusable");
    assertEquals(await codeOf(files.write(`${disk.path}/dangling/a`, "a")), "file/unusable");
  },
});

Deno.test({
  name: "filesApi() opens only regular files of a bounded size, and never waits for a pipe",
  ignore: Deno.build.os === "windows",
  async fn(t): Promise<void> {
    await using disk = await Disk.make();
    const root = `${disk.path}/root`;
    const { success } = await new Deno.Command("deno", {
      args: ["eval", "new Deno.Command('mkfifo', { args: Deno.args }).outputSync()", `${root}/pipe`],
    }).output();
    assert(success);
    using large = await Deno.open(`${root}/large`, { write: true, create: true });
    await large.truncate(2 ** 24 + 1); // sparse
    using most = await Deno.open(`${root}/most`, { write: true, create: true });
    await most.truncate(2 ** 24);
    const files = filesOf({ read: [root], write: [root] });
    const rows: [run: () => Promise<unknown>, message: string][] = [
      [() => files.read(`${root}/pipe`), "it is no regular file"],
      [() => files.write(`${root}/pipe`, "a"), "it is no regular file"],
      [() => files.read(`${root}/sub`), "it is a folder"],
      [() => files.write(`${root}/sub`, "a"), "it is a folder"],
      [() => files.list(`${root}/a.txt`), "it is no folder"],
      [() => files.read(`${root}/large`), "it has 16777217 bytes, and the limit is 16777216"],
      [() => files.read(`${root}/missing`), "there is none"],
      [() => files.read(`${root}/a.txt/b`), "there is none"],
      [() => files.write(`${root}/a.txt/b`, "a"), "ENOTDIR"],
      [() => files.write(root, "a"), "a folder has to be granted"],
      [() => files.write(`${root}/${"d/".repeat(65)}a`, "a"), "more than 64 folders"],
      [() => files.write(`${root}/${"a".repeat(300)}`, "a"), "ENAMETOOLONG"],
    ];

    for (const [run, message] of rows) {
      await t.step(message, async () => {
        const error = await assertRejects(run, KBertError) as KBertError;
        assertEquals(error.code, "file/unusable");
        assertStringIncludes(error.message, message);
      });
    }

    assertEquals((await files.read(`${root}/most`)).length, 2 ** 24);
    assertEquals(await files.list(root), [
      { name: "a.txt", kind: "file" },
      { name: "large", kind: "file" },
      { name: "most", kind: "file" },
      { name: "pipe", kind: "other" },
      { name: "sub", kind: "folder" },
    ]);
  },
});

Deno.test("filesApi() writes whole files, makes folders on the way, and leaves nothing else behind", async () => {
  await using disk = await Disk.make();
  const root = `${disk.path}/root`;
  const files = filesOf({ write: [root] });

  await files.write(`${root}/a.txt`, "new");
  await files.write(`${root}/new/deeper/c.txt`, "c");
  await Promise.all([1, 2, 3, 4, 5, 6].map((n) => files.write(`${root}/same/place/d.txt`, `${n}`.repeat(9))));

  assertEquals(await Deno.readTextFile(`${root}/a.txt`), "new");
  assertEquals(await Deno.readTextFile(`${root}/new/deeper/c.txt`), "c");
  assert(/^(\d)\1{8}$/.test(await Deno.readTextFile(`${root}/same/place/d.txt`)));
  assertEquals([...Deno.readDirSync(`${root}/same/place`)].map(({ name }) => name), ["d.txt"]);
  assertEquals(await codeOf(files.read(`${root}/a.txt`)), "capability/refused", "writing is not reading");
  assertEquals(await codeOf(filesOf({ read: [root] }).write(`${root}/a.txt`, "")), "capability/refused");
});

Deno.test("filesApi() keeps the old file if the new one cannot be written", async () => {
  await using disk = await Disk.make();
  const root = `${disk.path}/root`;
  const files = filesOf({ write: [root] });
  const { rename } = Deno;
  Deno.rename = () => Promise.reject(Object.assign(new Error("no space in /secret"), { code: "ENOSPC" }));
  try {
    const error = await assertRejects(() => files.write(`${root}/a.txt`, "new"), KBertError) as KBertError;

    assertEquals(error.message.split(": ").at(-1), "the system says ENOSPC");
  } finally {
    Deno.rename = rename;
  }
  assertEquals(await Deno.readTextFile(`${root}/a.txt`), "ham");
  assertEquals([...Deno.readDirSync(root)].length, 2);
});

Deno.test({
  name: "filesApi() notices a file that was replaced between the check and the use",
  ignore: Deno.build.os === "windows",
  async fn(): Promise<void> {
    await using disk = await Disk.make();
    const root = `${disk.path}/root`;
    const { open } = Deno;
    // What another program could do at the worst moment: the path that is opened is another one.
    Deno.open = ((path: string) =>
      open(path.replace("root/a.txt", "outside/secret.txt"))) as typeof Deno.open;
    try {
      const reading = filesOf({ read: [root] }).read(`${root}/a.txt`);

      await assertRejects(() => reading, KBertError, "it was replaced while it was opened");
    } finally {
      Deno.open = open;
    }
  },
});

Deno.test("filesApi() lists a bounded number of entries", async () => {
  await using disk = await Disk.make();
  const root = `${disk.path}/root`;
  const { readDir } = Deno;
  const entry = { isFile: true, isDirectory: false, isSymlink: false };
  const listing = async (count: number, name: string): Promise<unknown> => {
    Deno.readDir = async function* (): AsyncGenerator<Deno.DirEntry> {
      for (let n = 0; n < count; n++) yield { name: `${name}${n}`, ...entry };
    };
    try {
      return await filesOf({ read: [root] }).list(root);
    } finally {
      Deno.readDir = readDir;
    }
  };

  assertEquals((await listing(2_000, "a") as unknown[]).length, 2_000);
  await assertRejects(() => listing(2_001, "a"), KBertError, "more than 2000 entries");
  await assertRejects(() => listing(1_000, "a".repeat(200)), KBertError, "131072 characters");
});

Deno.test("filesApi() names the flag if the host itself has no right", async () => {
  const granted = ["/srv/data"];
  const files = filesOf({ read: granted, write: granted });

  const flag = (name: string): string => `start it with --allow-${name}=/srv/data`;
  await assertRejects(() => files.read("/srv/data/a.txt"), KBertError, flag("read"));
  await assertRejects(() => files.write("/srv/data/a.txt", ""), KBertError, flag("read"));
  const writing = filesOf({ write: ["core"] }).write("core/new.txt", "");
  await assertRejects(() => writing, KBertError, "start it with --allow-write=core");
});

Deno.test("filesApi() never touches anything outside of its root, whatever the path", async () => {
  await using disk = await Disk.make();
  const root = `${disk.path}/root`;
  const files = filesOf({ read: [root], write: [root] });
  const piece = fc.constantFrom(
    "..",
    ".",
    "",
    "sub",
    "a.txt",
    "/",
    "\\",
    "%2e%2e",
    "~",
    "outside",
    "root",
    "c:",
  );
  const path = fc.tuple(
    fc.constantFrom(root, relative(root), disk.path, "", "/"),
    fc.array(piece, { maxLength: 6 }),
  ).map(([start, pieces]) => [start, ...pieces].join("/"));
  const rule = fc.asyncProperty(path, async (path) => {
    if (path === "") return;
    const from = path.startsWith("/") ? path : `${Deno.cwd()}/${path}`;
    const names = from.split("/").filter((name) => name !== "" && name !== ".");
    const inside = !names.includes("..") && `/${names.join("/")}/`.startsWith(`${root}/`);
    const code = await files.read(path).then(() => "read", ({ code }: KBertError) => code);

    assert(inside || code === "capability/refused", `${path}: ${code}`);
    await files.write(path, "w").catch(() => {});
  });

  await fc.assert(rule, { seed: 1, numRuns: 300 });

  assertEquals([...Deno.readDirSync(disk.path)].map(({ name }) => name).sort(), ["outside", "root"]);
  assertEquals(await Deno.readTextFile(`${disk.path}/outside/secret.txt`), "secret");
});

Deno.test("filesApi() lets no plugin at the user's grants, also if the home folder was granted", async () => {
  await using disk = await Disk.make();
  const home = `${disk.path}/root`;
  await Deno.mkdir(`${home}/.k-bert`);
  await Deno.writeTextFile(`${home}/.k-bert/grants.json`, "mine");
  const files = filesOf({ read: [home], write: [home, `${home}/.k-bert`] });

  for (
    const attempt of [
      () => files.read(`${home}/.k-bert/grants.json`),
      () => files.write(`${home}/.k-bert/grants.json`, "yours"),
      () => files.write(`${home}/.k-bert/new/grants.json`, "yours"),
      () => files.list(`${home}/.k-bert`),
    ]
  ) assertEquals(await codeOf(attempt()), "capability/refused");

  assertEquals(await Deno.readTextFile(`${home}/.k-bert/grants.json`), "mine");
});
