import { fc } from "../../tests/deps/fast_check.ts";
import { assertEquals } from "../deps/assert.ts";
import { parse } from "../deps/yaml.ts";
import { type RegistryItem, withItem, withoutItem } from "./registry_text.ts";

const TEXT = `# of the whole file
minimum_age_hours: 3
plugins:

  # of mood
  - name: mood
    source: local
    path: ../mood # why
    # inside

  # of tone
  - name: tone
    source: git
    url: https://example.com/tone.git
  # of the end

# after the list
`;

const mood = { name: "mood", source: "npm", package: "mood", version: ">=1.0.0 <2" };

Deno.test("withItem() replaces an item, and leaves everything around it as it was, comments below it too", () => {
  assertEquals(
    withItem(TEXT, mood),
    TEXT.replace(
      "    source: local\n    path: ../mood # why\n",
      "    source: npm\n    package: mood\n    version: '>=1.0.0 <2'\n",
    ),
  );
});

Deno.test("withItem() adds after the last item, before what is written below the list", () => {
  const added = "  - name: new\n    source: local\n    path: ../new\n";

  assertEquals(
    withItem(TEXT, { name: "new", source: "local", path: "../new" }),
    TEXT.replace("  # of the end\n", `${added}  # of the end\n`),
  );
});

Deno.test("withoutItem() takes an item and the comments right above it, and an empty list when it was the last", () => {
  assertEquals(withoutItem(TEXT, "mood"), TEXT.replace(/ {2}# of mood[^]*(?= {2}# of tone)/, ""));
  assertEquals(
    withoutItem("# top\nplugins:\n  # of mood\n  - name: mood\n    path: x\n", "mood"),
    "# top\nplugins: []\n",
  );
  assertEquals(withoutItem(TEXT, "other"), TEXT);
});

Deno.test("withItem() begins a list where there is none, whatever the file says instead", () => {
  const item = "plugins:\n  - name: a\n";

  assertEquals(withItem("", { name: "a" }), item);
  assertEquals(withItem("# x\nminimum_age_hours: 1\n", { name: "a" }), `# x\nminimum_age_hours: 1\n${item}`);
  assertEquals(
    withItem("plugins: []\nminimum_age_hours: 1\n", { name: "a" }),
    `minimum_age_hours: 1\n${item}`,
  );
});

Deno.test("withItem() writes a list anew that cannot be edited by lines, and loses nothing but comments", () => {
  const flow = "plugins: [{ name: a, source: local, path: x }] # in one line\nminimum_age_hours: 2\n";

  const after = parse(withItem(flow, { name: "b", source: "local", path: "y" }));

  assertEquals(after, {
    minimum_age_hours: 2,
    plugins: [{ name: "a", source: "local", path: "x" }, { name: "b", source: "local", path: "y" }],
  });
});

Deno.test("any row of additions and removals leaves the list that it says, in any layout", () => {
  const name = fc.constantFrom("a", "b", "c", "d");
  const value = fc.string({
    unit: fc.constantFrom("x", " ", ":", "#", "'", '"', "-", "é", "{", "\n", "&", "*"),
  });
  const step = fc.record({ name, path: value, isRemoved: fc.boolean() });
  const indent = fc.constantFrom("", "  ", "    ");
  const comments = fc.constantFrom("", "# note\n", "\n  # note\n\n");

  fc.assert(
    fc.property(fc.array(step, { maxLength: 8 }), indent, comments, (steps, indent, comment) => {
      let text = `${comment}plugins:\n${indent}- name: z\n${indent}  path: first\n${comment}`;
      let list: RegistryItem[] = [{ name: "z", path: "first" }];
      for (const { name, path, isRemoved } of steps) {
        const at = list.findIndex((item) => item.name === name);
        const item = { name, path };
        if (isRemoved) list = list.filter((item) => item.name !== name);
        else list = at < 0 ? [...list, item] : list.with(at, item);
        text = isRemoved ? withoutItem(text, name) : withItem(text, item);
      }
      assertEquals((parse(text) as { plugins: unknown }).plugins, list);
    }),
    { seed: 7, numRuns: 300 },
  );
});
