import { assertEquals } from "@std/assert";

/** Runs a test file with the preload, and answers what it printed. */
async function outcomeOf(source: string): Promise<{ code: number; output: string }> {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/some_test.ts`, source);
    const root = new URL("../", import.meta.url).pathname;
    const { code, stdout } = await new Deno.Command("deno", {
      args: [
        "test",
        "--no-check",
        `--preload=${root}tests/leaks.ts`,
        "--no-config",
        "--no-lock",
        `${folder}/some_test.ts`,
      ],
      env: { NO_COLOR: "1" },
    }).output();
    return { code, output: new TextDecoder().decode(stdout) };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const ledger = new URL("../core/wall/ledger.ts", import.meta.url).href;

Deno.test("the preload fails a test that leaves a call or a worker open, in every form of Deno.test", async () => {
  const { code, output } = await outcomeOf(`
    import { opened } from "${ledger}";
    const leave = () => opened("calls");
    Deno.test("one", leave);
    Deno.test(function two() { leave(); });
    Deno.test({ name: "three", fn: leave });
    Deno.test("four", { ignore: false }, leave);
    Deno.test({ name: "five", sanitizeResources: false }, () => {
      new Worker("data:application/javascript,", { type: "module" });
    });
    Deno.test("six", () => {});
  `);

  assertEquals(code, 1);
  assertEquals(output.match(/^(one|two|three|four|five|six) \.\.\. (ok|FAILED)/gm), [
    "one ... FAILED",
    "two ... FAILED",
    "three ... FAILED",
    "four ... FAILED",
    "five ... FAILED",
    "six ... ok",
  ]);
  assertEquals([...new Set(output.match(/left something open: \d.*$/gm))], [
    "left something open: 1 calls",
    "left something open: 1 workers",
  ]);
});
