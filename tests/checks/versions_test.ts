import { assertEquals } from "../../core/deps/assert.ts";
import { RUNTIME_VERSION } from "../../core/manifest/version.ts";
import { versionProblems } from "./versions.ts";

const fine = {
  config: { version: "1.1.0" },
  runtime: "1.1.0",
  changelog:
    "# Changelog\n\n## [1.1.0] - Unreleased\n\n## [1.1.0-rc.1] - 2026-02-28\n\n## [0.9.10] - 2026-01-31\n",
};

Deno.test("versionProblems() finds none in this repository", async () => {
  const read = (file: string): Promise<string> =>
    Deno.readTextFile(new URL(`../../${file}`, import.meta.url));

  const changelog = await read("CHANGELOG.md");
  const config = JSON.parse(await read("deno.json"));

  assertEquals(versionProblems({ config, runtime: RUNTIME_VERSION, changelog }), []);
});

Deno.test("versionProblems() reports each place where the version is another one, or none", () => {
  assertEquals(versionProblems(fine), []);
  assertEquals(versionProblems({ ...fine, runtime: "1.0.0" }), [
    "RUNTIME_VERSION is 1.0.0, and deno.json says 1.1.0",
  ]);
  assertEquals(versionProblems({ ...fine, config: { version: "1.2.0" }, runtime: "1.2.0" }), [
    "the first entry of the changelog is 1.1.0, and deno.json says 1.2.0",
  ]);
  assertEquals(versionProblems({ ...fine, config: {} }), [
    "the version in deno.json is none, which is not semantic",
    "RUNTIME_VERSION is 1.1.0, and deno.json says none",
    "the first entry of the changelog is 1.1.0, and deno.json says none",
  ]);
  for (const version of ["1.1", "v1.1.0", "01.1.0", "1.1.0.0", " 1.1.0"]) {
    const changelog = fine.changelog.replace("[1.1.0]", `[${version}]`);
    const [first] = versionProblems({ config: { version }, runtime: version, changelog });
    assertEquals(first, `the version in deno.json is ${version}, which is not semantic`);
  }
});

Deno.test("versionProblems() reports an entry of the changelog in another form or in the wrong place", () => {
  const problems = (changelog: string): string[] => versionProblems({ ...fine, changelog });

  assertEquals(problems("# Changelog\n"), ["the changelog has no entry"]);
  assertEquals(problems("## 1.1.0\n"), [
    '"## 1.1.0" is not the head of an entry such as "## [1.2.3] - 2026-01-31"',
  ]);
  assertEquals(problems("## [1.1.0] - 2026-02-30\n"), ["1.1.0 was released on 2026-02-30, which is no day"]);
  assertEquals(problems("## [1.1.0] - soon\n"), ["1.1.0 was released on soon, which is no day"]);
  assertEquals(problems("## [1.1.0] - 2026-02-03\n\n## [1.0.0] - Unreleased\n"), [
    "1.0.0 is older than 1.1.0, and Unreleased",
  ]);
  const older = ["1.1.0", "1.10.0", "2.0.0"];
  for (const version of older) {
    assertEquals(problems(`## [1.1.0] - 2026-02-03\n\n## [${version}] - 2026-01-31\n`), [
      `${version} stands below 1.1.0`,
    ]);
  }
});
