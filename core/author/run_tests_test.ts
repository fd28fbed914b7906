import { assertEquals, assertRejects } from "../deps/assert.ts";
import { KBertError } from "../wall/errors.ts";
import { testFiles } from "./run_tests.ts";

Deno.test("testFiles() finds what deno test takes for tests, but none of packages and hidden folders", async () => {
  const folder = await Deno.makeTempDir();
  const files = [
    ...["my_head_test.ts", "deep/er/more.test.js", "test.ts", "latest.ts", "my_head.ts", "test_data.json"],
    ...["vendor/npm/x@1.0.0/x_test.js", "node_modules/x/x_test.ts", ".git/a_test.ts", "coverage/b_test.ts"],
  ];
  for (const file of files) {
    await Deno.mkdir(`${folder}/${file}`.replace(/\/[^/]+$/, ""), { recursive: true });
    await Deno.writeTextFile(`${folder}/${file}`, "");
  }

  assertEquals(await testFiles(folder), ["deep/er/more.test.js", "my_head_test.ts", "test.ts"]);

  await Deno.remove(folder, { recursive: true });
  const error = await assertRejects(() => testFiles(folder), KBertError, "There is no folder");
  assertEquals(error.code, "file/unusable");
});
