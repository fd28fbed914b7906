import { assert, assertEquals } from "../../deps/assert.ts";
import { fc } from "../../../tests/deps/fast_check.ts";
import { GrantedHosts, targetOf } from "./targets.ts";

Deno.test("GrantedHosts.cover() covers the granted port, and without one only the usual port of the scheme", () => {
  const hosts = new GrantedHosts(["example.com", "api.example.com:8443", "Mixed.Example:80"]);

  const covered = (url: string): boolean => hosts.cover(new URL(url));

  for (
    const url of [
      "http://example.com",
      "https://example.com/",
      "https://EXAMPLE.COM:443/a?b#c",
      "http://api.example.com:8443",
      "https://api.example.com:8443",
      "http://mixed.example/",
      "http://mixed.example:80/",
    ]
  ) assert(covered(url), url);
  for (
    const url of [
      "http://example.com:443/",
      "https://example.com:80/",
      "https://api.example.com/",
      "https://mixed.example/",
      "https://www.example.com/",
      "https://example.com.evil.test/",
      "https://example.com./",
      "ftp://example.com/",
      "file:///example.com",
      "data:,example.com",
    ]
  ) assert(!covered(url), url);
});

Deno.test("GrantedHosts.cover() goes by the host that is fetched, however a URL is written", async (t) => {
  const hosts = new GrantedHosts(["granted.test:80"]);
  const rows: [url: string, covered: boolean][] = [
    ["http://granted.test@evil.test/", false],
    ["http://granted.test:80@evil.test/", false],
    ["http://evil.test/@granted.test", false],
    ["http://evil.test\\@granted.test/", false],
    ["http://granted.test\\@evil.test/", true], // a path of granted.test that begins with /@
    ["http://evil.test#@granted.test", false],
    ["http://evil.test?granted.test:80", false],
    ["http:granted.test", true],
    ["http:///granted.test", true],
    ["http://gran\tted.test", true],
    ["http://gr%61nted.test", true],
    ["http://ＧＲＡＮＴＥＤ.test", true],
    ["http://granted。test", true],
    ["http://granted.test:080", true],
    ["http://grantеd.test", false], // with a Cyrillic letter
    ["http://granted.test.", false],
    ["http://granted.test%2eevil.test", false],
  ];

  for (const [url, covered] of rows) {
    await t.step(url, () => assertEquals(hosts.cover(new URL(url)), covered));
  }
});

Deno.test("GrantedHosts.cover() reaches an address only if it was granted as it is usually written", () => {
  const loopback = new GrantedHosts(["127.0.0.1:8080", "[::1]:8080", "localhost:8080"]);
  const disguised = new GrantedHosts([
    ...["0x7f.1", "2130706433", "127.1", "0177.0.0.1", "１２７.0.0.1", "[0:0::1]", "user@127.0.0.1"],
    ...["127.0.0.1/x", "127.0.0.1#", "127%2e0.0.1", "", ":80", "127.0.0.1:0", "127.0.0.1:65536", "*"],
  ]);

  for (const host of ["127.0.0.1", "0x7f000001", "127.1", "[::1]", "[0::0:1]", "LOCALHOST"]) {
    assert(loopback.cover(new URL(`http://${host}:8080/`)), host);
    assert(!loopback.cover(new URL(`http://${host}/`)), host);
    assert(!disguised.cover(new URL(`http://${host}/`)), host);
  }
  assert(!loopback.cover(new URL("http://[::ffff:127.0.0.1]:8080/")));
  assert(!loopback.cover(new URL("http://127.0.0.2:8080/")));
});

Deno.test("GrantedHosts.cover() compares names of other scripts in the form in which they are looked up", () => {
  const hosts = new GrantedHosts(["bücher.test", "xn--caf-dma.test:443"]);

  assert(hosts.cover(new URL("https://xn--bcher-kva.test/")));
  assert(hosts.cover(new URL("https://BÜCHER.test/")));
  assert(hosts.cover(new URL("https://café.test/")));
});

Deno.test("GrantedHosts.cover() covers exactly what a URL's own host and port are granted", () => {
  const host = fc.constantFrom("a.test", "b.test", "127.0.0.1", "a.test.", "A.TEST", "[::1]", "2130706433");
  const port = fc.constantFrom("", ":80", ":443", ":8080", ":081");
  const piece = fc.constantFrom(
    "",
    "a.test",
    "b.test",
    "@",
    "\\",
    "/",
    ":",
    "//",
    "%2e",
    ".",
    "?",
    "#",
    "\t",
  );
  const granted = fc.array(
    fc.tuple(fc.constantFrom("a.test", "127.0.0.1"), fc.constantFrom("", ":80", ":8080")),
  );
  const url = fc.tuple(fc.constantFrom("http", "https", "HTTP", "ws"), piece, host, piece, port, piece).map(
    ([scheme, ...parts]) => `${scheme}://${parts.join("")}`,
  );
  const rule = fc.property(granted, url, (granted, text) => {
    const parsed = URL.parse(text);
    if (!parsed) return;
    const usual = { "http:": "80", "https:": "443" }[parsed.protocol];
    const allowed = usual !== undefined &&
      granted.some(([host, port]) =>
        parsed.hostname === host && `:${parsed.port || usual}` === (port || `:${usual}`)
      );
    const hosts = new GrantedHosts(granted.map((parts) => parts.join("")));

    assertEquals(hosts.cover(parsed), allowed, `${text} with ${granted}`);
  });

  fc.assert(rule, { seed: 1, numRuns: 3_000 });
});

Deno.test("targetOf() answers a host and port that Deno's rights can be asked with", () => {
  assertEquals(targetOf(new URL("http://[::1]/")), "[::1]:80");
  assertEquals(targetOf(new URL("https://a.test:8443/")), "a.test:8443");
  assertEquals(targetOf(new URL("blob:http://a.test/1")), undefined);
});
