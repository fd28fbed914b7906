import { assertEquals, assertThrows } from "../deps/assert.ts";
import { KBertError } from "../wall/errors.ts";
import { checkCompatibility, RUNTIME_VERSION } from "./version.ts";

const needing = (range?: string): Parameters<typeof checkCompatibility>[0] => ({
  name: "spam_head",
  compatibility: range === undefined ? {} : { k_bert_version: range },
});

Deno.test("checkCompatibility() takes a version in the range, and any where there is no range", () => {
  checkCompatibility(needing(), "0.1.0");
  checkCompatibility(needing(">=0.1.0 <1"), "0.9.0");
  checkCompatibility(needing("^0.1.0 || ^2.0.0"), "2.5.1");
});

Deno.test("checkCompatibility() counts a pre-release as the version it leads to", () => {
  checkCompatibility(needing(">=0.2.0"), "0.2.0-rc.1");
  checkCompatibility(needing(">=0.2.0"), "0.2.0+build.5");
});

Deno.test("checkCompatibility() throws with the plugin, the range and the version", () => {
  const error = assertThrows(() => checkCompatibility(needing(">=2.0.0"), "0.1.0"), KBertError);

  assertEquals(error.code, "plugin/incompatible");
  assertEquals(error.detail, { plugin: "spam_head", range: ">=2.0.0", version: "0.1.0" });
  assertEquals(
    error.message,
    "Cannot load the plugin spam_head: it needs k-bert >=2.0.0 and this is 0.1.0, " +
      "use another version of either or correct compatibility.k_bert_version in its plugin.yaml",
  );
});

Deno.test("RUNTIME_VERSION is the version in deno.json", async () => {
  const config = await Deno.readTextFile(new URL("../../deno.json", import.meta.url));

  assertEquals(RUNTIME_VERSION, (JSON.parse(config) as { version: string }).version);
});
