import { assertEquals, assertThrows } from "../deps/assert.ts";
import { KBertError } from "../wall/errors.ts";
import type { PluginSourceSpec } from "./fetched.ts";
import { formatSource, parseSource } from "./source_text.ts";

const COMMIT = "0123456789abcdef0123456789abcdef01234567";
const HASH = "0".repeat(64);

const TEXTS: Record<string, PluginSourceSpec> = {
  "npm:mood": { source: "npm", package: "mood", version: "*" },
  "npm:@ada/mood@>=1.0.0 <2": { source: "npm", package: "@ada/mood", version: ">=1.0.0 <2" },
  "jsr:@ada/mood@1": { source: "jsr", package: "@ada/mood", version: "1" },
  "git+https://example.com/mood": { source: "git", url: "https://example.com/mood" },
  "git+https://example.com/mood#v1.0": { source: "git", url: "https://example.com/mood", branch: "v1.0" },
  [`git+file:///srv/mood.git#${COMMIT}`]: { source: "git", url: "file:///srv/mood.git", commit: COMMIT },
  "ssh://git@example.com/mood": { source: "git", url: "ssh://git@example.com/mood" },
  "git@example.com:ada/mood.git#main": { source: "git", url: "git@example.com:ada/mood.git", branch: "main" },
  "https://example.com/mood.tgz": { source: "url", url: "https://example.com/mood.tgz" },
  [`https://example.com/mood.tgz#sha256=${HASH}`]: {
    ...{ source: "url", url: "https://example.com/mood.tgz", sha256: HASH },
  },
  "../mood": { source: "local", path: "../mood" },
  "mood-1.0.0.tgz": { source: "local", path: "mood-1.0.0.tgz" },
};

Deno.test("parseSource() reads every kind of source, and formatSource() writes it again", () => {
  for (const [text, spec] of Object.entries(TEXTS)) {
    assertEquals(parseSource(text), spec, text);
    assertEquals(formatSource(spec), text);
  }
});

Deno.test("parseSource() takes what ends in .git for a repository, also without git+", () => {
  const url = "https://example.com/mood.git";

  assertEquals(parseSource(`${url}#main`), { source: "git", url, branch: "main" });
});

Deno.test("parseSource() refuses what is no source, in a sentence", () => {
  for (
    const [text, words] of [
      ["npm:", "is no package"],
      ["npm:mood@>>1", "has >>1 for a range"],
      ["jsr:mood", "has no scope"],
      ["ftp://example.com/x.tgz", "is neither https:"],
      ["javascript:alert(1)", "is neither https:"],
      ["https://example.com/x.tgz#md5=1", "ends in what is no #sha256="],
    ] as const
  ) {
    const { code } = assertThrows(() => parseSource(text), KBertError, words);
    assertEquals(code, "usage/invalid");
  }
});
