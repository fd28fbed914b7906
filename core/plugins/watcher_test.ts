import { assert, assertEquals, assertStringIncludes } from "../deps/assert.ts";
import { fakeTime } from "../../core/deps/fake_timers.ts";
import { symlink } from "../../tests/fixtures/symlink.ts";
import { KBertError } from "../wall/errors.ts";
import { FolderWatcher, type FolderWatcherOptions } from "./watcher.ts";

type Pause = (milliseconds: number) => Promise<unknown>;

/** Long enough for a second call: until the next look finds something, and it is quiet. */
const QUIET_MS = 600;

/** For saves with gaps: on a busy machine they are longer than a test wants them to be. */
const PATIENT = { quietMs: 150, patienceMs: 1_000 };
/** Long enough for a second call of a watcher that is so patient. */
const PATIENT_QUIET_MS = 1_800;

const pause: Pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** `plugin/` with three files in a folder of its own, watched; everything is gone at the end. */
class Saved implements AsyncDisposable {
  calls = 0;
  readonly problems: Error[] = [];
  #watcher: FolderWatcher | undefined;

  private constructor(readonly root: string) {}

  static async make(options: Partial<FolderWatcherOptions> | "unwatched" = {}): Promise<Saved> {
    // Resolved: the folder for temporary files may be behind a link.
    const saved = new Saved(await Deno.realPath(await Deno.makeTempDir()));
    await writePlugin(saved.plugin, 1);
    if (options !== "unwatched") saved.watch(saved.plugin, options);
    return saved;
  }

  get plugin(): string {
    return `${this.root}/plugin`;
  }

  watch(folder: string, options: Partial<FolderWatcherOptions> = {}): FolderWatcher {
    return this.#watcher = new FolderWatcher(folder, {
      onChange: () => void this.calls++,
      onProblem: (problem) => void this.problems.push(problem),
      ...options,
    });
  }

  /** The calls when no more come; waits for `expected` of them first. */
  async callsAfter(expected: number, quietMs = QUIET_MS): Promise<number> {
    for (let turn = 0; turn < 3_000 && this.calls < expected; turn++) await pause(10);
    await pause(quietMs);
    return this.calls;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#watcher?.[Symbol.dispose]();
    await Deno.remove(this.root, { recursive: true });
  }
}

/** Versions have different lengths: where time is faked, all are written in one millisecond. */
async function writePlugin(folder: string, version: number): Promise<void> {
  await Deno.mkdir(`${folder}/lib`, { recursive: true });
  await Deno.writeTextFile(`${folder}/plugin.yaml`, `version: ${version}.0.0\n`);
  await Deno.writeTextFile(`${folder}/head.ts`, `export const version = ${version};\n`);
  await Deno.writeTextFile(`${folder}/lib/part.ts`, `export const part = ${version};\n`);
}

/** What editors and other programs do when they save a plugin once. */
const SAVES: Readonly<Record<string, (plugin: string, pause: Pause) => Promise<unknown>>> = {
  "is written in place": (plugin) => Deno.writeTextFile(`${plugin}/head.ts`, "export const version = 20;\n"),
  "is written in place, piece by piece": async (plugin, pause) => {
    using file = await Deno.open(`${plugin}/head.ts`, { write: true, truncate: true });
    for (const piece of ["export const ", "version = ", "20;\n"]) {
      await pause(10);
      await file.write(new TextEncoder().encode(piece));
    }
  },
  "is emptied, and written later": async (plugin, pause) => {
    await Deno.writeTextFile(`${plugin}/head.ts`, "");
    await pause(120);
    await Deno.writeTextFile(`${plugin}/head.ts`, "export const version = 20;\n");
  },
  "is written beside and renamed over it": async (plugin) => {
    await Deno.writeTextFile(`${plugin}/.head.ts.tmp`, "export const version = 20;\n");
    await Deno.rename(`${plugin}/.head.ts.tmp`, `${plugin}/head.ts`);
  },
  "is set aside as a backup and written anew, as Vim does": async (plugin, pause) => {
    await Deno.writeTextFile(`${plugin}/4913`, "");
    await Deno.remove(`${plugin}/4913`);
    await Deno.rename(`${plugin}/head.ts`, `${plugin}/head.ts~`);
    await pause(10);
    await Deno.writeTextFile(`${plugin}/head.ts`, "export const version = 20;\n");
    await Deno.remove(`${plugin}/head.ts~`);
  },
  "is deleted, and created again later": async (plugin, pause) => {
    await Deno.remove(`${plugin}/head.ts`);
    await pause(120);
    await Deno.writeTextFile(`${plugin}/head.ts`, "export const version = 20;\n");
  },
  "comes with forty others, as from git checkout": async (plugin) => {
    await Deno.mkdir(`${plugin}/new/deep`, { recursive: true });
    await Deno.remove(`${plugin}/head.ts`);
    await Deno.remove(`${plugin}/lib`, { recursive: true });
    for (let file = 0; file < 40; file++) await Deno.writeTextFile(`${plugin}/new/deep/${file}.ts`, "1");
    await writePlugin(plugin, 20);
  },
  "is new, in a new folder": async (plugin) => {
    await Deno.mkdir(`${plugin}/new/deep`, { recursive: true });
    await Deno.writeTextFile(`${plugin}/new/deep/file.mjs`, "export {};\n");
  },
  "comes with its folder from elsewhere": async (plugin) => {
    await writePlugin(`${plugin}.new`, 20);
    await Deno.rename(`${plugin}.new`, `${plugin}/moved`);
  },
  "goes with its folder": (plugin) => Deno.rename(`${plugin}/lib`, `${plugin}.lib`),
  "is in a folder that takes the place of another": async (plugin) => {
    await writePlugin(`${plugin}.new`, 20);
    await Deno.rename(`${plugin}/lib`, `${plugin}.lib`);
    await Deno.rename(`${plugin}.new/lib`, `${plugin}/lib`);
  },
};

/** The same for the folder of the plugin itself. */
const REPLACEMENTS: typeof SAVES = {
  "is renamed away and another takes its place": async (plugin) => {
    await writePlugin(`${plugin}.new`, 20);
    await Deno.rename(plugin, `${plugin}.old`);
    await Deno.rename(`${plugin}.new`, plugin);
  },
  "is renamed away and another takes its place later": async (plugin, pause) => {
    await writePlugin(`${plugin}.new`, 20);
    await Deno.rename(plugin, `${plugin}.old`);
    await pause(700);
    await Deno.rename(`${plugin}.new`, plugin);
  },
  "is deleted and created again": async (plugin) => {
    await Deno.remove(plugin, { recursive: true });
    await writePlugin(plugin, 20);
  },
  "is deleted, and created again later, file by file": async (plugin, pause) => {
    await Deno.remove(plugin, { recursive: true });
    await pause(700);
    await Deno.mkdir(plugin);
    await pause(120);
    await Deno.writeTextFile(`${plugin}/plugin.yaml`, "version: 20.0.0\n");
    await pause(120);
    await writePlugin(plugin, 20);
  },
};

/** Timers and resources are only counted by Deno where a test wants it. */
function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, fn, sanitizeOps: true, sanitizeResources: true });
}

/** Deno without events of the disk, until the end of the block. */
function noEvents(watchFs: typeof Deno.watchFs = () => {
  throw new Error("OS file watch limit reached.");
}): Disposable {
  const original = Deno.watchFs;
  Deno.watchFs = watchFs;
  return { [Symbol.dispose]: () => void (Deno.watchFs = original) };
}

test("FolderWatcher calls once for each way to save, all at once in folders of their own", async () => {
  await Promise.all(
    Object.entries(SAVES).map(async ([how, save]) => {
      await using saved = await Saved.make(PATIENT);

      await save(saved.plugin, pause);

      assertEquals([await saved.callsAfter(1, PATIENT_QUIET_MS), saved.problems], [1, []], `a file ${how}`);
    }),
  );
});

test("FolderWatcher calls once for each way to replace the folder, and goes on", async () => {
  await Promise.all(
    Object.entries(REPLACEMENTS).map(async ([how, save]) => {
      await using saved = await Saved.make(PATIENT);

      await save(saved.plugin, pause);
      const first = await saved.callsAfter(1, PATIENT_QUIET_MS);
      await Deno.writeTextFile(`${saved.plugin}/lib/part.ts`, "export const part = 3;\n");

      assertEquals(
        [first, await saved.callsAfter(2, PATIENT_QUIET_MS), saved.problems],
        [1, 2, []],
        `the folder ${how}`,
      );
    }),
  );
});

test("FolderWatcher needs no events: one call for each way to save, by looking alone", async () => {
  for (const [how, save] of Object.entries({ ...SAVES, ...REPLACEMENTS })) {
    using clock = fakeTime();
    using _deaf = noEvents();
    await using saved = await Saved.make();

    await clock.tickAsync(1_000);
    await save(saved.plugin, (milliseconds) => clock.tickAsync(milliseconds));
    await clock.tickAsync(10_000);

    assertEquals(saved.calls, 1, `a file or the folder ${how}`);
  }
});

test("FolderWatcher does not wait for a look where the system tells it", async () => {
  await using saved = await Saved.make({ lookMs: 1_000_000 });
  const part = `${saved.plugin}/lib/part.ts`;

  await Deno.writeTextFile(part, "export const part = 2;\n");
  const inPlace = await saved.callsAfter(1);
  await Deno.writeTextFile(`${part}.tmp`, "export const part = 3;\n");
  await Deno.rename(`${part}.tmp`, part);
  const renamed = await saved.callsAfter(2);
  await Deno.rename(`${saved.plugin}/lib`, `${saved.root}/lib`);

  assertEquals([inPlace, renamed, await saved.callsAfter(3)], [1, 2, 3]);
});

test("FolderWatcher listens to a folder that took the place of another, also when it is watched twice", async () => {
  const opened: string[] = [];
  const watchFs = Deno.watchFs;
  using _counted = noEvents((paths, options) => {
    opened.push(String(paths));
    return watchFs(paths, options);
  });
  await using saved = await Saved.make();
  using _other = new FolderWatcher(saved.plugin, { onChange: () => {}, onProblem: () => {} });

  await REPLACEMENTS["is deleted and created again"]!(saved.plugin, pause);
  await saved.callsAfter(1);
  const { plugin } = saved;
  assertEquals(opened, [plugin, plugin, plugin, plugin]);
  const heard: Deno.FsEvent[] = [];
  using probe = watchFs(plugin); // Deno has one watch for all three
  void (async () => {
    for await (const event of probe) heard.push(event);
  })();
  await Deno.writeTextFile(`${plugin}/head.ts`, "export const version = 2;\n");
  await pause(QUIET_MS);

  assertEquals(heard[0]?.paths, [`${plugin}/head.ts`]);
});

test("FolderWatcher calls nobody for reading and for other files, and is awake all the time", async () => {
  await using saved = await Saved.make();
  const { plugin } = saved;
  await writePlugin(plugin, 20);
  assertEquals(await saved.callsAfter(1), 1);

  await Deno.readTextFile(`${plugin}/head.ts`);
  await Array.fromAsync(Deno.readDir(`${plugin}/lib`));
  await Deno.realPath(`${plugin}/lib/part.ts`);
  await symlink("notes.txt", `${plugin}/link.txt`);
  for (const name of ["notes.txt", ".head.ts.swp", "4913", "head.ts~", "#head.ts#", "head.ts.tmp"]) {
    await Deno.writeTextFile(`${plugin}/${name}`, "1");
    await Deno.writeTextFile(`${plugin}/${name}`, "22");
    if (name === "4913") await Deno.remove(`${plugin}/${name}`);
  }
  await Deno.mkdir(`${plugin}/node_modules/a`, { recursive: true });
  await Deno.writeTextFile(`${plugin}/node_modules/a/index.js`, "1");
  await symlink("me@here.1:1", `${plugin}/.#head.ts`); // so Emacs says that it is being edited
  assertEquals(await saved.callsAfter(1), 1);
  await writePlugin(plugin, 1);

  assertEquals(await saved.callsAfter(2), 2);
});

test("FolderWatcher is not held up by a program that writes its log into the folder", async () => {
  await using saved = await Saved.make({ quietMs: 300, maxMs: 1_000_000, lookMs: 1_000_000 });
  using log = await Deno.open(`${saved.plugin}/log.txt`, { create: true, append: true });

  await writePlugin(saved.plugin, 20);
  for (let line = 0; line < 1_000 && saved.calls < 1; line++) {
    await log.write(new TextEncoder().encode("a line\n"));
    await pause(10);
  }

  assertEquals(saved.calls, 1);
});

test("FolderWatcher knows two folders apart", async () => {
  await using one = await Saved.make(PATIENT);
  await using other = await Saved.make(PATIENT);

  await SAVES["comes with forty others, as from git checkout"]!(one.plugin, pause);
  const first = await one.callsAfter(1);
  assertEquals([first, other.calls], [1, 0]);
  await SAVES["is deleted, and created again later"]!(other.plugin, pause);

  assertEquals([await other.callsAfter(1), one.calls], [1, 1]);
});

test("FolderWatcher follows the link that it watches, and sees when it leads elsewhere", async () => {
  await using saved = await Saved.make("unwatched");
  const link = `${saved.root}/link`;
  await writePlugin(`${saved.root}/other`, 2);
  await symlink(saved.plugin, link);
  saved.watch(link);

  await Deno.writeTextFile(`${saved.plugin}/head.ts`, "export const version = 3;\n");
  const written = await saved.callsAfter(1);
  await Deno.remove(link);
  await symlink(`${saved.root}/other`, link);
  const elsewhere = await saved.callsAfter(2);
  await Deno.writeTextFile(`${saved.root}/other/head.ts`, "export const version = 4;\n");
  await Deno.writeTextFile(`${saved.plugin}/head.ts`, "export const version = 5;\n");

  assertEquals([written, elsewhere, await saved.callsAfter(3), saved.problems], [1, 2, 3, []]);
});

test("FolderWatcher sees that a link in the folder leads to another file or folder", async () => {
  await using saved = await Saved.make("unwatched");
  const { plugin } = saved;
  for (const name of ["a", "b"]) {
    await Deno.mkdir(`${plugin}/${name}`);
    await Deno.writeTextFile(`${plugin}/${name}/part.ts`, "export {};\n");
  }
  await symlink("a", `${plugin}/current`);
  await symlink("a/part.ts", `${plugin}/part.ts`);
  saved.watch(plugin);

  await Deno.remove(`${plugin}/current`);
  await symlink("b", `${plugin}/current`);
  const folder = await saved.callsAfter(1);
  await symlink("b/part.ts", `${plugin}/part.new`);
  await Deno.rename(`${plugin}/part.new`, `${plugin}/part.ts`);

  assertEquals([folder, await saved.callsAfter(2)], [1, 2]);
});

test("FolderWatcher calls when a file stays away or empty for longer than patienceMs", async () => {
  for (const name of ["head.ts", "lib"]) {
    using clock = fakeTime();
    using _deaf = noEvents();
    await using saved = await Saved.make({ patienceMs: 500 });

    await Deno.remove(`${saved.plugin}/${name}`, { recursive: true });
    await clock.tickAsync(250 + 50 + 450); // it is found, quiet, and waited for
    assertEquals(saved.calls, 0);
    await clock.tickAsync(100);
    assertEquals(saved.calls, 1);
    await Deno.writeTextFile(`${saved.plugin}/plugin.yaml`, "");
    await clock.tickAsync(10_000);

    assertEquals(saved.calls, 2);
  }
});

test("FolderWatcher calls nobody when a file comes back as it was, and waits as long the next time", async () => {
  using clock = fakeTime();
  using _deaf = noEvents();
  await using saved = await Saved.make();

  for (let turn = 0; turn < 2; turn++) {
    await Deno.rename(`${saved.plugin}/lib`, `${saved.root}/lib`);
    await clock.tickAsync(600);
    await Deno.rename(`${saved.root}/lib`, `${saved.plugin}/lib`);
    await clock.tickAsync(10_000);
  }

  assertEquals(saved.calls, 0);
});

test("FolderWatcher waits anew for a file when the folder was gone for long", async () => {
  using clock = fakeTime();
  using _deaf = noEvents();
  await using saved = await Saved.make();

  await Deno.remove(`${saved.plugin}/head.ts`);
  await clock.tickAsync(400); // it is waited for
  await Deno.remove(saved.plugin, { recursive: true });
  await clock.tickAsync(10_000);
  await Deno.mkdir(saved.plugin);
  await Deno.writeTextFile(`${saved.plugin}/plugin.yaml`, "version: 20.0.0\n");
  await clock.tickAsync(400);
  assertEquals(saved.calls, 0);
  await writePlugin(saved.plugin, 20);
  await clock.tickAsync(10_000);

  assertEquals(saved.calls, 1);
});

test("FolderWatcher calls at once for a new file that is empty", async () => {
  using clock = fakeTime();
  using _deaf = noEvents();
  await using saved = await Saved.make();

  await Deno.writeTextFile(`${saved.plugin}/types.ts`, "");
  await clock.tickAsync(300);
  assertEquals(saved.calls, 1);
  await writePlugin(saved.plugin, 20);
  await clock.tickAsync(300);

  assertEquals(saved.calls, 2); // it is not waited for either
});

test("FolderWatcher calls again after a call during which something was saved, not beside it", async () => {
  using clock = fakeTime();
  using _deaf = noEvents();
  const said: string[] = [];
  await using saved = await Saved.make({
    onChange: async () => {
      said.push("begin");
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      said.push("end");
    },
  });

  for (const version of [20, 300, 4_000]) {
    await writePlugin(saved.plugin, version); // at 0, 400 and 800, while the first call runs from 300 to 1300
    await clock.tickAsync(400);
  }
  await clock.tickAsync(10_000);

  assertEquals(said, ["begin", "end", "begin", "end"]);
});

test("FolderWatcher reports what onChange throws, and goes on", async () => {
  using clock = fakeTime();
  using _deaf = noEvents();
  const thrown: unknown[] = [new TypeError("sync"), "no error at all"];
  await using saved = await Saved.make({
    onChange: () => {
      throw thrown[saved.calls++];
    },
  });

  for (const version of [20, 300]) {
    await writePlugin(saved.plugin, version);
    await clock.tickAsync(1_000);
  }

  const [, first, second] = saved.problems; // after that there are no events
  assertEquals([first, second?.message], [thrown[0], "no error at all"]);
});

test("FolderWatcher that gets no events says so once, with what to do, and looks", async () => {
  using clock = fakeTime();
  using _deaf = noEvents();
  await using saved = await Saved.make();

  await clock.tickAsync(10_000);

  const [problem, ...more] = saved.problems;
  assert(problem instanceof KBertError);
  assertEquals([problem.code, problem.detail, more], ["file/unusable", { path: saved.plugin }, []]);
  const limit = "the system gives no events of it (OS file watch limit reached.), so it is only looked at";
  assertStringIncludes(problem.message, limit);
});

test("FolderWatcher outlives events that end with an error", async () => {
  using clock = fakeTime();
  using _broken = noEvents(() => ({
    // deno-lint-ignore require-yield -- it fails instead
    async *[Symbol.asyncIterator](): AsyncGenerator<Deno.FsEvent> {
      throw new Error("torn");
    },
    close: () => {},
    [Symbol.dispose]: () => {},
  }));
  await using saved = await Saved.make();

  await writePlugin(saved.plugin, 20);
  await clock.tickAsync(1_000);

  assertEquals([saved.calls, saved.problems.length], [1, 1]);
  assertStringIncludes(saved.problems[0]!.message, "no events of it (torn)");
});

test("FolderWatcher says that there is no such folder, and calls as soon as there is one", async () => {
  await using saved = await Saved.make("unwatched");
  const folder = `${saved.root}/later`;
  saved.watch(folder);

  await pause(QUIET_MS);
  const early = saved.calls;
  await writePlugin(folder, 1);

  assertEquals([early, await saved.callsAfter(1)], [0, 1]);
  const reason = "there is no such folder; it is watched as soon as there is one";
  assertEquals(saved.problems.map(({ message }) => message), [`Cannot watch ${folder}: ${reason}`]);
});

test("FolderWatcher without the right to read says which flag grants it, and neither throws nor asks", async () => {
  await using saved = await Saved.make("unwatched");
  await symlink("/etc", `${saved.root}/link`);
  const path = `${saved.plugin}/head.ts`;
  for (
    const [folder, message] of [
      ["/etc", "Cannot watch /etc: the right to read it is not granted; --allow-read=/etc grants it"],
      [
        `${saved.root}/link`,
        "Cannot watch /etc: the right to read it is not granted; --allow-read=/etc grants it",
      ],
      [path, `Cannot watch ${path}: it is not a folder; name the folder of a plugin`],
    ] as const
  ) {
    using clock = fakeTime();
    const problems: Error[] = [];
    using _watcher = new FolderWatcher(folder, {
      onChange: () => {},
      onProblem: (problem) => void problems.push(problem),
    });
    assertEquals(problems, []); // not before there is a watcher
    await clock.tickAsync(10_000);

    assertEquals(problems.map(({ message }) => message), [message]);
    assertEquals(problems[0] instanceof KBertError && problems[0].code, "file/unusable");
  }
});

test("FolderWatcher reports a folder that cannot be watched once each time, and takes it back when it can", async () => {
  using clock = fakeTime();
  await using saved = await Saved.make();
  for (let time = 0; time < 2; time++) {
    await Deno.rename(saved.plugin, `${saved.root}/aside`);
    await Deno.writeTextFile(saved.plugin, "a file");
    await clock.tickAsync(5_000);
    assertEquals(saved.problems.length, time + 1);

    await Deno.remove(saved.plugin);
    await writePlugin(saved.plugin, 20 * 10 ** time);
    await clock.tickAsync(5_000);
    await Deno.remove(`${saved.root}/aside`, { recursive: true });
  }

  assertEquals([saved.calls, saved.problems.length], [2, 2]);
});

test("FolderWatcher calls nobody after it was disposed of, and has no timer then", async () => {
  using clock = fakeTime();
  using _deaf = noEvents();
  await using saved = await Saved.make("unwatched");
  const watcher = saved.watch(saved.plugin);
  const missing = saved.watch(`${saved.root}/missing`);

  await Deno.writeTextFile(`${saved.plugin}/head.ts`, "export const version = 20;\n");
  await clock.tickAsync(260); // it has been seen, and is waited for
  watcher[Symbol.dispose]();
  watcher[Symbol.dispose]();
  missing[Symbol.dispose]();
  assertEquals(clock.countTimers(), 0);
  await Deno.writeTextFile(`${saved.plugin}/head.ts`, "export const version = 300;\n");
  await clock.tickAsync(10_000);

  assertEquals(saved.calls, 0);
});

test("FolderWatcher that was disposed of hears nothing of what happened before and after", async () => {
  await using saved = await Saved.make("unwatched");
  const watcher = saved.watch(saved.plugin);

  await writePlugin(saved.plugin, 20);
  await pause(20); // the events are here, and it is not quiet yet
  watcher[Symbol.dispose]();
  const before = saved.calls;
  await writePlugin(saved.plugin, 300);

  assertEquals(await saved.callsAfter(0), before);
});

test("FolderWatcher can be disposed of by its own call, whose error is then nobody's", async () => {
  using clock = fakeTime();
  await using saved = await Saved.make("unwatched");
  const watcher: FolderWatcher = saved.watch(saved.plugin, {
    onChange: () => {
      saved.calls++;
      watcher[Symbol.dispose]();
      throw new Error("after the end");
    },
  });

  await writePlugin(saved.plugin, 20);
  await clock.tickAsync(10_000);

  assertEquals([saved.calls, saved.problems, clock.countTimers()], [1, [], 0]);
});
