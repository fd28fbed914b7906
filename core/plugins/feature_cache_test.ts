import { assertEquals, assertMatch, assertRejects } from "../deps/assert.ts";
import { imageOf } from "../../tests/fixtures/fake_plugin.ts";
import { type ColumnLists, Table } from "../table/table.ts";
import { FeatureCache } from "./feature_cache.ts";

const KEY = "0".repeat(64);
const TABLE = Table.from({
  a: [1, null, 3],
  b: ["x", "ä", null],
  c: [true, false, null],
  d: Int32Array.of(1, 2, 3),
});

/** A cache in a folder that is not there yet, and is gone afterwards. */
async function temporaryCache(): Promise<{ cache: FeatureCache; folder: string } & AsyncDisposable> {
  const parent = await Deno.makeTempDir();
  const folder = `${parent}/results`;
  return {
    ...{ cache: new FeatureCache(`${folder}/`), folder },
    [Symbol.asyncDispose]: () => Deno.remove(parent, { recursive: true }),
  };
}

Deno.test("FeatureCache.get() has what was put, types and gaps and all, also for another cache of the folder", async () => {
  await using made = await temporaryCache();
  const { cache, folder } = made;

  await cache.put(KEY, TABLE);
  await cache.put("1".repeat(64), Table.from({}));

  const kept = await new FeatureCache(folder).get(KEY, 3);
  assertEquals(kept?.toLists(), TABLE.toLists());
  assertEquals([...kept!.columns.values()].map(({ type }) => type), ["float64", "utf8", "bool", "int32"]);
  assertEquals((await cache.get("1".repeat(64), 3))?.names, []);
  const files = [...Deno.readDirSync(folder)].map(({ name }) => name).toSorted();
  assertEquals(files, [KEY, "1".repeat(64)].flatMap((key) => [`${key}.arrow`, `${key}.arrow.sha256`]));
});

Deno.test("FeatureCache.get() has nothing for another key or other rows, nor what was damaged or is half gone", async () => {
  await using made = await temporaryCache();
  const { cache, folder } = made;
  const path = `${folder}/${KEY}.arrow`;
  assertEquals(await cache.get(KEY, 3), undefined);
  await cache.put(KEY, TABLE);

  assertEquals(await cache.get("1".repeat(64), 3), undefined);
  assertEquals(await cache.get(KEY, 4), undefined);
  const bytes = await Deno.readFile(path);
  for (const damage of [bytes.slice(0, -1), new Uint8Array(0), bytes.with(200, bytes[200]! ^ 1)]) {
    await Deno.writeFile(path, damage);
    assertEquals(await cache.get(KEY, 3), undefined);
  }
  await Deno.writeFile(path, bytes);
  assertEquals((await cache.get(KEY, 3))?.rows, 3);
  await Deno.remove(`${path}.sha256`);
  assertEquals(await cache.get(KEY, 3), undefined);
  await cache.put(KEY, TABLE);
  assertEquals((await cache.get(KEY, 3))?.rows, 3);
});

Deno.test("FeatureCache.put() may be called by several at once, and leaves no partial file", async () => {
  await using made = await temporaryCache();
  const { cache, folder } = made;

  await Promise.all(Array.from({ length: 8 }, () => cache.put(KEY, TABLE)));

  assertEquals((await cache.get(KEY, 3))?.toLists(), TABLE.toLists());
  assertEquals([...Deno.readDirSync(folder)].length, 2);
});

Deno.test("FeatureCache.put() says when it cannot write, and leaves nothing behind", async () => {
  await using made = await temporaryCache();
  const { cache, folder } = made;
  await Deno.mkdir(`${folder}/${KEY}.arrow/inside`, { recursive: true });

  await assertRejects(() => cache.put(KEY, TABLE), Error);

  const left = [...Deno.readDirSync(folder)].map(({ name }) => name).filter((name) =>
    name.includes("partial")
  );
  assertEquals(left, []);
  await assertRejects(() => new FeatureCache("/proc/none").put(KEY, TABLE), Deno.errors.NotCapable);
});

Deno.test("FeatureCache.keyOf() depends on code, settings and content, and on nothing else", async () => {
  const cache = new FeatureCache("nowhere");
  const image = await imageOf();
  const other = await imageOf(undefined, "export class Main { other() {} }");
  const key = (
    settings: Record<string, unknown>,
    lists: ColumnLists = { a: [1] },
    code = image,
  ): Promise<string> => cache.keyOf({ image: code, settings }, Table.from(lists));

  const own = await key({ window: 3, list: [1, 2], more: { x: 1, y: 2 } });

  assertMatch(own, /^[0-9a-f]{64}$/);
  assertEquals(await key({ more: { y: 2, x: 1 }, list: [1, 2], window: 3 }), own);
  const others = [
    key({ window: 4, list: [1, 2], more: { x: 1, y: 2 } }),
    key({ window: 3, list: [2, 1], more: { x: 1, y: 2 } }),
    key({ window: "3", list: [1, 2], more: { x: 1, y: 2 } }),
    key({ window: 3, list: [1, 2], more: { x: 1, y: 2 } }, { a: [2] }),
    key({ window: 3, list: [1, 2], more: { x: 1, y: 2 } }, { b: [1] }),
    key({ window: 3, list: [1, 2], more: { x: 1, y: 2 } }, { a: [1] }, other),
  ];
  assertEquals(new Set([own, ...await Promise.all(others)]).size, 7);
});
