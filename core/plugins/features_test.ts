import { assertEquals, assertRejects, assertStrictEquals } from "../deps/assert.ts";
import { imageOf } from "../../tests/fixtures/fake_plugin.ts";
import { makeColumn } from "../table/column.ts";
import { Table } from "../table/table.ts";
import { fromWire, toWire, type WireTable } from "../table/wire.ts";
import type { WireValue } from "../wall/values.ts";
import { FeatureCache } from "./feature_cache.ts";
import { extractFeatures, type Extractor, type ExtractResult } from "./features.ts";

/** What a test's extractor does with a table. */
type Work = (table: Table) => Table | Promise<Table>;

/** An extractor that runs in the test, and how often it was started and ended. */
interface TestExtractor extends Extractor {
  readonly options: unknown[];
  started: number;
  ended: number;
  /** Code that took over while it was called. */
  reloadedTo?: string;
}

async function extractor(
  name: string,
  work: Work,
  settings: Record<string, unknown> = {},
): Promise<TestExtractor> {
  const image = await imageOf(undefined, `export class Main {} // ${name}`);
  const made: TestExtractor = {
    image: { ...image, manifest: { ...image.manifest, name } },
    ...{ settings, options: [], started: 0, ended: 0 },
    start(): ReturnType<Extractor["start"]> {
      made.started++;
      return Promise.resolve({
        image: { sha256: made.reloadedTo ?? made.image.sha256 },
        async call(_method, [table], options): Promise<WireValue> {
          made.options.push(options);
          return toWire(await work(fromWire(table as unknown as WireTable))) as unknown as WireValue;
        },
        [Symbol.asyncDispose]: () => Promise.resolve(void made.ended++),
      });
    },
  };
  return made;
}

/** Adds the sum of two columns as a third. */
function sum(a: string, b: string, name: string): Work {
  return (table) => {
    const [x, y] = [table.cells(a), table.cells(b)];
    const cells = x.map((value, row) => Number(value) + Number(y[row]));
    return table.with(new Map([[name, makeColumn(name, cells)]]));
  };
}

function fails(): never {
  throw new RangeError("No soup");
}

function outcomes({ reports }: ExtractResult): unknown {
  return reports.map(({ plugin, outcome, newColumns, error }) => [plugin, outcome, newColumns, error]);
}

Deno.test("extractFeatures() gives each extractor the columns of those before it, and keeps the given table", async () => {
  const first = await extractor("first", sum("a", "b", "ab"));
  const second = await extractor("second", sum("ab", "a", "aba"));
  const none = await extractor("none", (table) => table);
  const table = Table.from({ a: [1, 2], b: [10, 20] });

  const result = await extractFeatures([first, second, none], table, { timeoutMs: 500 });

  assertEquals(result.table.toLists(), { a: [1, 2], b: [10, 20], ab: [11, 22], aba: [12, 24] });
  assertEquals(outcomes(result), [
    ["first", "computed", ["ab"], undefined],
    ["second", "computed", ["aba"], undefined],
    ["none", "computed", [], undefined],
  ]);
  assertEquals(table.names, ["a", "b"]);
  assertStrictEquals(result.table.column("a"), table.column("a"));
  assertEquals([first, second, none].map(({ started, ended }) => [started, ended]), [[1, 1], [1, 1], [1, 1]]);
  assertEquals(first.options, [{ transfer: [], timeoutMs: 500 }]);
});

Deno.test("extractFeatures() ends with the error of an extractor, or goes on without its columns", async () => {
  const broken = await extractor("broken", fails);
  const next = await extractor("next", sum("a", "a", "aa"));
  const table = Table.from({ a: [1] });

  await assertRejects(() => extractFeatures([broken, next], table), RangeError, "No soup");
  assertEquals([broken.ended, next.started], [1, 0]);
  const result = await extractFeatures([broken, next], table, { onFailure: "skip" });

  assertEquals(outcomes(result), [["broken", "skipped", [], "No soup"], [
    "next",
    "computed",
    ["aa"],
    undefined,
  ]]);
  assertEquals(result.table.toLists(), { a: [1], aa: [2] });
  assertEquals(broken.ended, 2);
});

Deno.test("extractFeatures() skips an extractor that cannot be started, if it is told to", async () => {
  const lost: Extractor = {
    ...await extractor("lost", fails),
    start: () => Promise.reject(new Error("No room")),
  };
  const table = Table.from({ a: [1] });

  await assertRejects(() => extractFeatures([lost], table), Error, "No room");
  assertEquals(outcomes(await extractFeatures([lost], table, { onFailure: "skip" })), [
    ["lost", "skipped", [], "No room"],
  ]);
});

Deno.test("extractFeatures() ends when it is given up, whatever becomes of failures", async () => {
  const controller = new AbortController();
  const slow = await extractor("slow", (table) => {
    controller.abort("enough");
    return table;
  });
  const failing = await extractor("failing", () => {
    controller.abort("enough");
    throw new Error("given up");
  });
  const table = Table.from({ a: [1] });
  const options = { signal: controller.signal, onFailure: "skip" } as const;

  const seen = await extractFeatures([slow, slow], table, options).catch((error) => error);
  assertEquals([seen, slow.started, slow.ended], ["enough", 1, 1]);
  assertEquals(await extractFeatures([slow], table, options).catch((error) => error), "enough");
  const other = new AbortController();
  const stopped = await extractor("stopped", () => {
    other.abort();
    throw new Error("given up");
  });
  await assertRejects(
    () => extractFeatures([stopped, failing], table, { ...options, signal: other.signal }),
    Error,
    "given up",
  );
  assertEquals(failing.started, 0);
});

Deno.test("extractFeatures() starts no extractor whose result is kept, and knows it by table, code and settings", async () => {
  const folder = await Deno.makeTempDir();
  const cache = new FeatureCache(folder);
  const first = await extractor("first", sum("a", "a", "aa"), { window: 3 });
  const second = await extractor("second", sum("aa", "a", "aaa"));
  const table = Table.from({ a: [1, 2] });

  const computed = await extractFeatures([first, second], table, { cache });
  const cached = await extractFeatures([first, second], Table.from({ a: Float64Array.of(1, 2) }), { cache });
  assertEquals([first.started, second.started], [1, 1]);
  const changed = await extractFeatures([{ ...first, settings: { window: 4 } }, second], table, { cache });
  const other = await extractFeatures([first, second], Table.from({ a: [1, 3] }), { cache });

  const word = ({ reports }: ExtractResult): string[] => reports.map(({ outcome }) => outcome);
  assertEquals([computed, cached, changed, other].map(word), [
    ...[["computed", "computed"], ["cached", "cached"], ["computed", "cached"], ["computed", "computed"]],
  ]);
  assertEquals(cached.table.toLists(), computed.table.toLists());
  assertEquals(cached.reports.map(({ newColumns }) => newColumns), [["aa"], ["aaa"]]);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("extractFeatures() keeps nothing of an extractor that was reloaded while it was called", async () => {
  const folder = await Deno.makeTempDir();
  const edited = await extractor("edited", sum("a", "a", "aa"));
  edited.reloadedTo = "f".repeat(64);

  const { table } = await extractFeatures([edited], Table.from({ a: [1] }), {
    cache: new FeatureCache(folder),
  });

  assertEquals(table.toLists(), { a: [1], aa: [2] });
  assertEquals([...Deno.readDirSync(folder)], []);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("extractFeatures() keeps nothing of an extractor that fails, and calls a full disk no failure of it", async () => {
  const folder = await Deno.makeTempDir();
  const broken = await extractor("broken", fails);
  const right = await extractor("right", sum("a", "a", "aa"));
  const table = Table.from({ a: [1] });

  await extractFeatures([broken], table, { cache: new FeatureCache(folder), onFailure: "skip" });
  assertEquals([...Deno.readDirSync(folder)], []);
  await Deno.remove(folder);

  const cache = new FeatureCache("/proc/none");
  await assertRejects(
    () => extractFeatures([right], table, { cache, onFailure: "skip" }),
    Deno.errors.NotCapable,
  );
});
