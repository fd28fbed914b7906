import { assertEquals, assertRejects } from "../../core/deps/assert.ts";
import * as aq from "../../core/deps/arquero.ts";
import { FeatureConfig } from "./config.ts";
import { EventBus } from "./event_bus.ts";
import { FeaturePort } from "./feature.ts";

class Caps extends FeaturePort {
  override async extractFeatures(data: aq.ColumnTable): Promise<aq.ColumnTable> {
    await Promise.resolve();
    const added = this.config.input_columns.map((column) => {
      if (!data.columnNames().includes(column)) throw new RangeError(`There is no column ${column}`);
      const name = `${this.config.output_prefix}${column}_caps`;
      const isCaps = (row: Record<string, unknown>): boolean => {
        const text = String(row[column]);
        return text === text.toUpperCase();
      };
      return [name, aq.escape(isCaps)] as const;
    });
    return data.derive(Object.fromEntries(added));
  }
}

Deno.test("FeaturePort is told its columns and its prefix, and may be asynchronous", async () => {
  using bus = new EventBus();
  const caps = new Caps(FeatureConfig({ name: "caps", input_columns: ["text"], output_prefix: "f_" }), bus);

  const features = await caps.extractFeatures(aq.table({ text: ["HAM", "spam", null] }));

  assertEquals(features.columnNames(), ["text", "f_text_caps"]);
  assertEquals(features.array("f_text_caps"), [true, false, false]);
  await assertRejects(
    () => caps.extractFeatures(aq.table({ other: [] })),
    RangeError,
    "There is no column text",
  );
});
