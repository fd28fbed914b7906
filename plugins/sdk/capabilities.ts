/**
 * What a plugin can do beyond computing, if `plugin.yaml` asks for it and the user grants it: `Network`,
 * `Files` and `Environment`, for `inject()`.
 *
 * They are always there to be injected. Without a grant every method rejects with `capability/refused` and
 * says what to do, so a plugin can go on without. A test passes an object of its own instead.
 *
 * @module
 */
import { Token } from "../../core/container/token.ts";

/** How a request is made. */
export interface FetchOptions {
  /** @default {"GET"} */
  readonly method?: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS";
  readonly headers?: Readonly<Record<string, string>>;
  /** At most 1 MiB. */
  readonly body?: string | Uint8Array;
  /** Milliseconds until it is given up, with the answer's body in it. @default {30_000} */
  readonly timeoutMs?: number;
  /** Gives it up. */
  readonly signal?: AbortSignal;
}

/** What a server answered, whatever its status. */
export interface NetworkAnswer {
  readonly status: number;
  /** By names in small letters. */
  readonly headers: ReadonlyMap<string, string>;
  /** At most 16 MiB, unpacked. */
  readonly body: Uint8Array;
}

/** The hosts under `permissions.net`. */
export interface Network {
  /**
   * Sends a request to a granted host. A redirect is not followed, it is the answer: where it leads stands
   * in its header `location`.
   *
   * @throws {KBertError} `capability/refused` for another host, port or scheme; `call/timeout`,
   * `call/aborted`; `call/failed` if the server cannot be reached or answers too much; `call/arguments`
   */
  fetch(url: string | URL, options?: FetchOptions): Promise<NetworkAnswer>;
}

/** What is in a folder. */
export interface FolderEntry {
  readonly name: string;
  readonly kind: "file" | "folder" | "link" | "other";
}

/**
 * Files and folders under `permissions.read` and `permissions.write`. Relative paths start, like those in
 * `plugin.yaml`, in the working folder of the program that runs the plugin.
 *
 * All methods throw {@linkcode KBertError}s: `capability/refused` for what was not granted and for links
 * that lead there, `file/unusable` for what is missing, no regular file, or larger than 16 MiB.
 */
export interface Files {
  /** Reads UTF-8. @throws {TypeError} if it is not */
  readText(path: string): Promise<string>;
  readBytes(path: string): Promise<Uint8Array>;
  /** Writes a file whole, in place of the one that is there; folders on the way are made. */
  write(path: string, content: string | Uint8Array): Promise<void>;
  /** What is in a folder, by name; at most 2,000 entries. */
  list(path: string): Promise<readonly FolderEntry[]>;
}

/** The variables under `permissions.env`. */
export interface Environment {
  /**
   * The value of a variable, `undefined` if it is not set.
   *
   * @throws {KBertError} `capability/refused` for another one
   */
  get(name: string): Promise<string | undefined>;
}

/**
 * Asks for {@linkcode Network}.
 *
 * @example In a plugin, and in its test
 * ```ts
 * import { Network } from "./capabilities.ts";
 * import { PluginConfig } from "./config.ts";
 * import { EventBus } from "./event_bus.ts";
 * import { PluginPort } from "./plugin_port.ts";
 * import { inject } from "../../core/container/inject.ts";
 * import { assertEquals } from "../../core/deps/assert.ts";
 *
 * class Weather extends PluginPort {
 *   constructor(config: PluginConfig, bus: EventBus, readonly network = inject(Network)) {
 *     super(config, bus);
 *   }
 *   async today(): Promise<string> {
 *     const { body } = await this.network.fetch("https://example.com/weather");
 *     return new TextDecoder().decode(body);
 *   }
 * }
 *
 * const answer = { status: 200, headers: new Map(), body: new TextEncoder().encode("rain") };
 * const network = { fetch: () => Promise.resolve(answer) };
 * const weather = new Weather(PluginConfig({ name: "weather" }), new EventBus(), network);
 * assertEquals(await weather.today(), "rain");
 * ```
 */
export const Network: Token<Network> = new Token("Network");

/** Asks for {@linkcode Files}. */
export const Files: Token<Files> = new Token("Files");

/** Asks for {@linkcode Environment}. */
export const Environment: Token<Environment> = new Token("Environment");
