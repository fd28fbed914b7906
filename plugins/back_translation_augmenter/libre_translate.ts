/**
 * One request to a server that speaks as LibreTranslate does: `POST /translate` with a list of texts.
 *
 * The server is not believed: an answer is a list of as many texts, or an error. Which errors are worth another
 * attempt is said here, because here is known what they mean: a busy or broken server (429, 5xx) and a lost
 * connection are, a refusal (other 4xx) and an answer in another form are not.
 *
 * @see https://docs.libretranslate.com/guides/api_usage/
 * @module
 */
import { KBertError, type Network, type NetworkAnswer } from "k-bert/sdk";

/** Where is asked, and how. */
export interface LibreTranslateOptions {
  /** URL that `/translate` is added to. */
  readonly endpoint: string;
  /** Never part of an error. */
  readonly apiKey?: string | undefined;
}

/** How one request is made. */
export interface RequestOptions {
  readonly from: string;
  readonly to: string;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** Why there is no translation. */
export class TranslationError extends Error {
  override readonly name = "TranslationError";
  /** Whether another attempt can help. */
  readonly isRetryable: boolean;
  /** How long the server asked to be left alone, in milliseconds. */
  readonly retryAfterMs: number;

  constructor(message: string, options: { isRetryable: boolean; retryAfterMs?: number; cause?: unknown }) {
    super(message, { cause: options.cause });
    this.isRetryable = options.isRetryable;
    this.retryAfterMs = options.retryAfterMs ?? 0;
  }
}

/** Longest part of what a server said that is repeated in an error, in UTF-16 units. */
const MOST_SHOWN = 200;

/**
 * Sends requests, and keeps nothing between them.
 *
 * @example
 * ```ts
 * import { LibreTranslate } from "./libre_translate.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const body = new TextEncoder().encode('{ "translatedText": ["jambon"] }');
 * const network = { fetch: () => Promise.resolve({ status: 200, headers: new Map(), body }) };
 * const server = new LibreTranslate(network, { endpoint: "http://127.0.0.1:5000" });
 * assertEquals(await server.translate(["ham"], { from: "en", to: "fr", timeoutMs: 1_000 }), ["jambon"]);
 * ```
 */
export class LibreTranslate {
  readonly #network: Network;
  readonly #url: URL;
  readonly #apiKey: string | undefined;

  /** @throws {TypeError} if the endpoint is no http or https URL */
  constructor(network: Network, { endpoint, apiKey }: LibreTranslateOptions) {
    const url = URL.parse("translate", endpoint.endsWith("/") ? endpoint : `${endpoint}/`);
    if (url === null || !/^https?:$/.test(url.protocol)) {
      throw new TypeError(`Cannot translate at ${endpoint}: an endpoint is a whole http or https URL`);
    }
    this.#network = network;
    this.#url = url;
    this.#apiKey = apiKey;
  }

  /**
   * As many texts, in the same order.
   *
   * @throws {TranslationError} for whatever is wrong with the server or the way to it; the signal's reason
   */
  async translate(texts: readonly string[], { from, to, ...options }: RequestOptions): Promise<string[]> {
    const question = { q: texts, source: from, target: to, format: "text", api_key: this.#apiKey };
    const answer = await this.#post(JSON.stringify(question), options);
    if (answer.status < 200 || answer.status > 299) throw statusError(answer);
    return translationsOf(answer.body, texts.length);
  }

  async #post(
    body: string,
    { timeoutMs, signal }: Omit<RequestOptions, "from" | "to">,
  ): Promise<NetworkAnswer> {
    try {
      return await this.#network.fetch(this.#url, {
        ...{ method: "POST", body, timeoutMs: Math.max(1, Math.ceil(timeoutMs)) },
        headers: { "content-type": "application/json", accept: "application/json" },
        ...(signal && { signal }),
      });
    } catch (cause) {
      signal?.throwIfAborted();
      const isRetryable = cause instanceof KBertError && ["call/timeout", "call/failed"].includes(cause.code);
      throw new TranslationError((cause as Error).message, { isRetryable, cause });
    }
  }
}

function statusError({ status, headers, body }: NetworkAnswer): TranslationError {
  const said = textOf(body).trim().slice(0, MOST_SHOWN).toWellFormed();
  const message = `The translation server answered ${status}${said && `: ${said}`}`;
  const isRetryable = status === 429 || status >= 500;
  return new TranslationError(message, {
    isRetryable,
    retryAfterMs: retryAfterMs(headers.get("retry-after")),
  });
}

/** Seconds, or a date (RFC 9110, section 10.2.3); 0 for anything else. */
function retryAfterMs(value = ""): number {
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1_000;
  return Math.max(0, Date.parse(value) - Date.now()) || 0;
}

function translationsOf(body: Uint8Array, count: number): string[] {
  const { translatedText } = recordOf(textOf(body));
  if (!Array.isArray(translatedText) || translatedText.some((text) => typeof text !== "string")) {
    throw malformed("its answer has no list of texts under translatedText");
  }
  if (translatedText.length === count) return translatedText;
  throw malformed(`it gave ${translatedText.length} texts for ${count}`);
}

function recordOf(text: string): { translatedText?: unknown } {
  try {
    return Object(JSON.parse(text));
  } catch (cause) {
    throw malformed("its answer is not JSON", cause);
  }
}

/** Not worth another attempt: a server that speaks in another way will do so again. */
function malformed(problem: string, cause?: unknown): TranslationError {
  const message = `The translation server is not one of LibreTranslate's kind: ${problem}`;
  return new TranslationError(message, { isRetryable: false, cause });
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
