import { assertEquals, assertRejects, assertStrictEquals, assertThrows } from "../core/deps/assert.ts";
import { aq, type ColumnTable, FeaturePort } from "../plugins/sdk/tables.ts";
import { EventBus } from "../plugins/sdk/event_bus.ts";
import type { CallContext } from "../plugins/sdk/plugin_port.ts";
import { type ColumnLists, Table } from "../core/table/table.ts";
import { fromWire, toWire } from "../core/table/wire.ts";
import type { WireValue } from "../core/wall/values.ts";
import { KBertError } from "../core/wall/errors.ts";
import { serveFeatures } from "./feature_server.ts";

/** What a test's extractor does. */
type Work = (data: ColumnTable, context?: CallContext) => ColumnTable | Promise<ColumnTable>;

/** Serves an extractor and calls it once, with a wire form that nothing crossed. */
async function extract(work: Work, given: ColumnLists | Table, prefix = "feature_"): Promise<Table> {
  class Extractor extends FeaturePort {
    override extractFeatures(data: ColumnTable, context?: CallContext): Promise<ColumnTable> | ColumnTable {
      return work(data, context);
    }
    other(): void {}
  }
  const config = { name: "sample", input_columns: [], output_prefix: prefix };
  const setup = { pluginClass: Extractor, config, seed: 7, eventBus: new EventBus() };
  const { methods, described } = serveFeatures.serve(setup);
  assertEquals([...methods.keys()], ["extractFeatures"]);
  assertEquals(described, [{ name: "extractFeatures", parameters: 1, streams: false }]);
  const table = given instanceof Table ? given : Table.from(given);
  const args = [toWire(table) as unknown as WireValue];
  const { signal } = new AbortController();
  return fromWire(
    await methods.get("extractFeatures")!({ method: "", args, stream: false, signal }) as WireValue,
  );
}

Deno.test("serveFeatures gives an extractor an arquero table, and answers it with its new columns", async () => {
  const features = await extract((data, context) => {
    assertEquals(context?.signal.aborted, false);
    return data.derive({ twice: (d: { a: number }) => d.a * 2 });
  }, { a: [1, 2], text: ["x", null] });

  assertEquals(features.toLists(), { a: [1, 2], text: ["x", null], feature_twice: [2, 4] });
});

Deno.test("serveFeatures sends columns that nobody touched back in the memory that they came in", async () => {
  const given = Table.from({ a: Float64Array.of(1, 2), text: ["x", null] });

  const features = await extract((data) => data, given);

  for (const name of ["a", "text"]) {
    assertStrictEquals(features.column(name).values.buffer, given.column(name).values.buffer);
  }
});

Deno.test("serveFeatures puts the prefix before new names without it, and refuses two of one name", async () => {
  const derived = (...names: string[]): Work => (data) =>
    data.derive(Object.fromEntries(names.map((name) => [name, () => 1])));
  const given = { a: [1], f_old: [2] };

  assertEquals((await extract(derived("b", "f_c"), given, "f_")).names, ["a", "f_old", "f_b", "f_c"]);
  assertEquals((await extract(derived("b"), given, "")).names, ["a", "f_old", "b"]);
  for (const names of [["b", "f_b"], ["f_b", "b"], ["old"]]) {
    const shown = names.find((name) => !name.startsWith("f_"))!;
    await assertRejects(
      () => extract(derived(...names), given, "f_"),
      TypeError,
      `The new column ${shown} would be f_${shown}, and there is one already; call it otherwise`,
    );
  }
});

Deno.test("serveFeatures keeps the types of columns that an order made anew", async () => {
  const nullable = { ...Table.from({ n: Int32Array.of(1, 2) }).column("n"), validity: Uint8Array.of(0b10) };
  const given = new Table(new Map([["n", nullable], ...Table.from({ note: [null, null] }).columns]));

  const features = await extract(
    (data) => data.orderby("n").derive({ first: () => aq.op.row_number() }),
    given,
  );

  assertEquals([...features.columns.values()].map(({ type }) => type), ["int32", "float64", "float64"]);
  assertEquals(features.toLists(), { n: [null, 2], note: [null, null], feature_first: [1, 2] });
});

Deno.test("serveFeatures refuses what is no table, and columns that can be none", async () => {
  const refusal = "extractFeatures() of Extractor has to return an arquero table";
  for (const answer of [undefined, null, 5, [], { a: [1] }]) {
    await assertRejects(
      () => extract(() => answer as unknown as ColumnTable, { a: [1] }),
      TypeError,
      refusal,
    );
  }
  await assertRejects(
    () => extract(() => aq.table({ a: [1, "x"] }), { a: [1] }),
    KBertError,
    "Row 2 of the column",
  );
});

Deno.test("serveFeatures takes only classes of extractors", () => {
  const setup = { pluginClass: class {}, config: {}, seed: 7, eventBus: new EventBus() };

  assertThrows(() => serveFeatures.serve(setup), TypeError, "a class that extends FeaturePort");
});
