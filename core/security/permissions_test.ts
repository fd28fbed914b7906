import { fc } from "../../tests/deps/fast_check.ts";
import { assert, assertEquals, assertMatch } from "../deps/assert.ts";
import { PORTS } from "../plugins/ports.ts";
import {
  containsPermissions,
  describePermissions,
  intersectPermissions,
  isEmpty,
  LISTED_RIGHTS,
  NO_PERMISSIONS,
  permissionDifference,
  type Permissions,
  seesText,
} from "./permissions.ts";

/** Few values, so that two sets often share some; a few texts that mean mischief. */
const value = fc.oneof(
  fc.constantFrom("a", "b", "c.com:443", "/", ".", "a b", 'a"', "a\\", "a\nb", "HOME"),
  fc.string({ unit: "binary", maxLength: 8 }),
);
const list = fc.array(value, { maxLength: 4 });
const permissions: fc.Arbitrary<Permissions> = fc.record({
  net: list,
  read: list,
  write: list,
  env: list,
  gpu: fc.boolean(),
  services: list,
});

/** The rights as a set of texts that no two different rights share. */
function setOf(rights: Permissions): Set<string> {
  const listed = LISTED_RIGHTS.flatMap((right) => rights[right].map((one) => JSON.stringify([right, one])));
  return new Set([...listed, ...(rights.gpu ? ["gpu"] : [])]);
}

function check(property: fc.IRawProperty<unknown>): void {
  fc.assert(property, { seed: 1, numRuns: 500 });
}

Deno.test("intersectPermissions() is contained in both, and leaves out nothing that is in both", () => {
  check(fc.property(permissions, permissions, (requested, granted) => {
    const effective = intersectPermissions(requested, granted);

    assertEquals(setOf(effective), setOf(requested).intersection(setOf(granted)));
    assert(containsPermissions(requested, effective) && containsPermissions(granted, effective));
    assertEquals(effective.services, requested.services);
  }));
});

Deno.test("intersectPermissions() of what contains everything is what was asked for, each value once", () => {
  check(fc.property(permissions, (requested) => {
    const effective = intersectPermissions(requested, requested);

    assertEquals(setOf(effective), setOf(requested));
    for (const right of LISTED_RIGHTS) assertEquals(effective[right], [...new Set(requested[right])]);
  }));
});

Deno.test("containsPermissions() is the relation of subsets", () => {
  check(fc.property(permissions, permissions, (granted, requested) => {
    assertEquals(containsPermissions(granted, requested), setOf(requested).isSubsetOf(setOf(granted)));
  }));
});

Deno.test("permissionDifference() is exact: what is added and removed, and nothing else", () => {
  check(fc.property(permissions, permissions, (before, after) => {
    const { added, removed } = permissionDifference(before, after);
    const [old, now] = [describePermissions(before), describePermissions(after)].map((one) => new Set(one));

    assertEquals(added.length, setOf(after).difference(setOf(before)).size);
    assertEquals(removed.length, setOf(before).difference(setOf(after)).size);
    assertEquals(new Set([...old!].filter((line) => !removed.includes(line)).concat(added)), now);
  }));
});

Deno.test("describePermissions() has a line for each right, and two lines are the same only if the rights are", () => {
  check(fc.property(permissions, (rights) => {
    const lines = describePermissions(rights);

    assertEquals(new Set(lines).size, lines.length);
    assertEquals(lines.length, setOf(rights).size);
  }));
});

Deno.test("describePermissions() lets no value end its line, hide, or stand for another sign", () => {
  check(fc.property(permissions, (rights) => {
    for (const line of describePermissions(rights)) {
      assertMatch(line, /^[\x20-\x7e\p{L}\p{Nd}]+$/u);
      assert(!/ {2}|[\p{Lm}\p{Default_Ignorable_Code_Point}]/u.test(line));
    }
  }));
});

Deno.test("describePermissions() shows odd values as escapes and foreign letters as they are", () => {
  const read = [
    "données",
    "a\u202eb",
    "a    Allow? [y] ",
    "say “hi”",
    'a" and',
    "a\\u{20}",
    "\u3164",
    "x\u02bay",
  ];

  const lines = describePermissions({ ...NO_PERMISSIONS, read });

  assertEquals(lines.map((line) => line.replace(/^read (.*) and what is in it$/, "$1")), [
    '"données"',
    String.raw`"a\u{202e}b"`,
    String.raw`"a \u{20}\u{20}\u{20}Allow? [y] "`,
    String.raw`"say \u{201c}hi\u{201d}"`,
    String.raw`"a\" and"`,
    String.raw`"a\\u{20}"`,
    String.raw`"\u{3164}"`,
    String.raw`"x\u{2ba}y"`,
  ]);
});

Deno.test("isEmpty() is true of nothing but services", () => {
  check(fc.property(permissions, (rights) => assertEquals(isEmpty(rights), setOf(rights).size === 0)));
  assert(isEmpty(NO_PERMISSIONS) && isEmpty({ ...NO_PERMISSIONS, services: ["words"] }));
});

Deno.test("NO_PERMISSIONS cannot be added to", () => {
  assert(Object.values(NO_PERMISSIONS).every((right) => Object.isFrozen(right)));
  assert(Object.isFrozen(NO_PERMISSIONS));
});

Deno.test("seesText() is true of every port that can be given a text, and of no other", () => {
  const seen = Object.keys(PORTS).filter((port) => seesText(port as keyof typeof PORTS));

  assertEquals(seen, ["augmenter", "feature", "plugin"]);
});
