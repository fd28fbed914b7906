import { assertEquals, assertThrows } from "../deps/assert.ts";
import { KBertError } from "../wall/errors.ts";
import { parseRegistry } from "./registry_file.ts";

Deno.test("parseRegistry() reads the registry of the plugin development guide, with npm in the place of pypi", () => {
  const text = `
plugins:
  - name: "sentiment_analysis"
    source: "npm"
    package: "k-bert-sentiment-plugin"
    version: ">=1.0.0"

  - name: "custom_augmenter"
    source: "git"
    url: "https://example.com/user/k-bert-custom-augmenter.git"
    branch: "main"

  - name: "local_features"
    source: "local"
    path: "./plugins/local_features"
`;

  assertEquals(parseRegistry(text, "registry.yaml"), {
    minimum_age_hours: 24,
    plugins: [
      { name: "sentiment_analysis", source: "npm", package: "k-bert-sentiment-plugin", version: ">=1.0.0" },
      {
        name: "custom_augmenter",
        source: "git",
        url: "https://example.com/user/k-bert-custom-augmenter.git",
        branch: "main",
      },
      { name: "local_features", source: "local", path: "./plugins/local_features" },
    ],
  });
});

Deno.test("parseRegistry() says everything that is wrong, with line and column", () => {
  const text = `plugins:
  - name: a
    source: pypi
    package: x
  - name: b
    source: git
    urll: x
  - { name: c, source: npm, package: x, version: ">>1" }
  - { name: c, source: url, url: "https://example.com/x.tgz", sha256: "12" }
minimum_age: 3
`;

  const { message } = assertThrows(() => parseRegistry(text, "registry.yaml"), KBertError);

  assertEquals(message.split("\n"), [
    'registry.yaml:3:5: plugins.0.source: found "pypi", expected one of local, git, npm, jsr, url',
    "registry.yaml:5:5: plugins.1.url: missing, expected text",
    "registry.yaml:7:5: plugins.1.urll: unknown setting, did you mean url?",
    'registry.yaml:8:41: plugins.2.version: found ">>1", expected a range such as >=1.0.0',
    'registry.yaml:9:63: plugins.3.sha256: found "12", expected 64 hexadecimal digits in small letters',
    "registry.yaml:10:1: minimum_age: unknown setting, expected one of minimum_age_hours, plugins",
  ]);
});

Deno.test("parseRegistry() refuses two plugins of one name", () => {
  const text = "plugins:\n  - { name: a, source: local, path: x }\n  - { name: a, source: local, path: y }\n";

  const words = "registry.yaml:3:7: plugins.1.name: found a for the second time, expected each name once";
  assertThrows(() => parseRegistry(text, "registry.yaml"), KBertError, words);
});
