import { assertEquals, assertRejects } from "../../core/deps/assert.ts";
import { FeatureConfig } from "./config.ts";
import { EventBus } from "./event_bus.ts";
import { type Columns, FeaturePort } from "./feature.ts";

class Caps extends FeaturePort {
  override async extractFeatures(data: Columns): Promise<Columns> {
    await Promise.resolve();
    const added = this.config.input_columns.map((column) => {
      const cells = data[column];
      if (!cells) throw new RangeError(`There is no column ${column}`);
      const name = `${this.config.output_prefix}${column}_caps`;
      return [name, cells.map((cell) => String(cell) === String(cell).toUpperCase())] as const;
    });
    return { ...data, ...Object.fromEntries(added) };
  }
}

Deno.test("FeaturePort is told its columns and its prefix, and may be asynchronous", async () => {
  using bus = new EventBus();
  const caps = new Caps(FeatureConfig({ name: "caps", input_columns: ["text"], output_prefix: "f_" }), bus);

  assertEquals(await caps.extractFeatures({ text: ["HAM", "spam", null] }), {
    text: ["HAM", "spam", null],
    f_text_caps: [true, false, false],
  });
  await assertRejects(() => caps.extractFeatures({ other: [] }), RangeError, "There is no column text");
});
