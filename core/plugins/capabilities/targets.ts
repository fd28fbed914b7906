/**
 * Whether a URL leads to a host that was granted. Only text is compared here, and only in one form: that in
 * which a parsed URL writes its host, because it is the parsed URL that is fetched.
 *
 * @module
 */

const DEFAULT_PORTS: Readonly<Record<string, string>> = { "http:": "80", "https:": "443" };

/**
 * Where a URL leads, as `host:port`.
 *
 * @returns undefined for a scheme other than http and https
 * @example
 * ```ts
 * import { targetOf } from "./targets.ts";
 * import { assertEquals } from "../../deps/assert.ts";
 *
 * assertEquals(targetOf(new URL("https://Example.com/a")), "example.com:443");
 * ```
 */
export function targetOf({ protocol, hostname, port }: URL): string | undefined {
  const usual = DEFAULT_PORTS[protocol];
  return usual && `${hostname}:${port || usual}`;
}

/**
 * The hosts of a list of grants. `host:port` is that port; `host` alone is the usual port of http or https,
 * whichever is used, and no other.
 *
 * A grant that is written differently from what it means (`0x7f.1`, `2130706433`) is none: whoever granted
 * it could not see that it is this machine. A name may lead anywhere, though: Deno lets nobody choose the
 * address that a name was looked up as, so a granted name is trust in whoever runs that name.
 *
 * @example
 * ```ts
 * import { GrantedHosts } from "./targets.ts";
 * import { assertEquals } from "../../deps/assert.ts";
 *
 * const hosts = new GrantedHosts(["example.com", "localhost:8080"]);
 * assertEquals(hosts.cover(new URL("https://EXAMPLE.com/a")), true);
 * assertEquals(hosts.cover(new URL("https://example.com:8443/a")), false);
 * assertEquals(hosts.cover(new URL("http://localhost:8080")), true);
 * ```
 */
export class GrantedHosts {
  readonly #targets: ReadonlySet<string>;

  constructor(granted: readonly string[]) {
    this.#targets = new Set(granted.flatMap((grant) => canonical(grant) ?? []));
  }

  /** Whether a URL may be fetched. */
  cover(url: URL): boolean {
    const target = targetOf(url);
    if (target === undefined) return false;
    return this.#targets.has(target) || url.port === "" && this.#targets.has(url.hostname);
  }
}

/** A grant as a URL would write it: `host:port`, or `host`. */
function canonical(grant: string): string | undefined {
  const [, text, port] = /^(\[[^\]]*\]|[^:]*)(?::(\d{1,5}))?$/.exec(grant) ?? [];
  if (!text || /[\s/\\?#@%]/.test(text)) return undefined;
  const host = URL.parse(`http://${text}/`)?.hostname;
  // A name of another script has another form in a URL; everything else is what it says.
  const asWritten = host === text.toLowerCase() || host?.includes("xn--");
  if (!host || !asWritten) return undefined;
  if (port === undefined) return host;
  return Number(port) >= 1 && Number(port) <= 65_535 ? `${host}:${Number(port)}` : undefined;
}
