import { assertEquals, assertMatch } from "../core/deps/assert.ts";
import { verdictOf } from "./verdict.ts";

const DIED = { code: 134, signal: "SIGABRT" };

function report({ tests = 2_244, failures = 0, errors = 0 }): string {
  return `<?xml version="1.0"?>
<testsuites name="deno test" tests="${tests}" failures="${failures}" errors="${errors}" time="168.1">
    <testsuite name="./a_test.ts" tests="1" disabled="0" errors="0" failures="0"></testsuite>
</testsuites>
`;
}

Deno.test("verdictOf() takes the report's word for a run that died after it was written", () => {
  const { code, note } = verdictOf(DIED, report({}));

  assertEquals(code, 0);
  assertMatch(note!, /SIGABRT in its own exit, after all 2244 tests/);
});

Deno.test("verdictOf() lets a run fail that died before its report, in the middle of it, or with a failure", () => {
  const half = report({}).slice(0, -10);
  const reports = [undefined, "", half, report({ failures: 1 }), report({ errors: 1 }), report({ tests: 0 })];

  assertEquals(reports.map((text) => verdictOf(DIED, text).code), reports.map(() => 134));
});

Deno.test("verdictOf() answers any other end as it is", () => {
  const ends = [{ code: 0, signal: null }, { code: 1, signal: null }, { code: 137, signal: "SIGKILL" }];

  assertEquals(ends.map((end) => verdictOf(end, report({}))), [{ code: 0 }, { code: 1 }, { code: 137 }]);
});
