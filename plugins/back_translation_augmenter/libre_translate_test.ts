import { assert, assertAlmostEquals, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { type FetchOptions, KBertError, type NetworkAnswer } from "k-bert/sdk";
import { LibreTranslate, TranslationError } from "./libre_translate.ts";

const REQUEST = { from: "en", to: "fr", timeoutMs: 1_000 };

/** Asks a network that gives this answer, and says what it was asked. */
function ask(
  answer: Partial<Omit<NetworkAnswer, "body">> & { body?: unknown } | Error,
  options: { endpoint?: string; apiKey?: string } = {},
): { asked: [url: string, options: FetchOptions][]; translating: Promise<string[]> } {
  const asked: [string, FetchOptions][] = [];
  const network = {
    fetch: (url: string | URL, given: FetchOptions = {}): Promise<NetworkAnswer> => {
      asked.push([String(url), given]);
      if (answer instanceof Error) return Promise.reject(answer);
      const { status = 200, headers = new Map(), body = "" } = answer;
      const text = typeof body === "string" ? body : JSON.stringify(body);
      return Promise.resolve({ status, headers, body: new TextEncoder().encode(text) });
    },
  };
  const server = new LibreTranslate(network, { endpoint: "http://localhost:5000", ...options });
  return { asked, translating: server.translate(["ham", "eggs"], REQUEST) };
}

async function errorOf(answer: Parameters<typeof ask>[0]): Promise<TranslationError> {
  return await assertRejects(() => ask(answer).translating, TranslationError);
}

Deno.test("LibreTranslate.translate() posts the texts as a list, and answers as many", async () => {
  const { asked, translating } = ask({ body: { translatedText: ["jambon", "œufs"] } });

  assertEquals(await translating, ["jambon", "œufs"]);
  const [[url, { method, headers, body, timeoutMs }]] = asked as [[string, FetchOptions]];
  assertEquals([url, method, timeoutMs], ["http://localhost:5000/translate", "POST", 1_000]);
  assertEquals(headers?.["content-type"], "application/json");
  assertEquals(JSON.parse(body as string), {
    q: ["ham", "eggs"],
    source: "en",
    target: "fr",
    format: "text",
  });
});

Deno.test("LibreTranslate.translate() asks below the path of its endpoint, with its key", async () => {
  for (const endpoint of ["https://example.com/api", "https://example.com/api/"]) {
    const { asked, translating } = ask({ body: { translatedText: ["a", "b"] } }, { endpoint, apiKey: "k3y" });
    await translating;

    assertEquals(asked[0]![0], "https://example.com/api/translate");
    assertEquals(JSON.parse(asked[0]![1].body as string).api_key, "k3y");
  }
});

Deno.test("LibreTranslate refuses an endpoint that is no http or https URL", () => {
  for (const endpoint of ["localhost:5000", "ftp://localhost", "", "translate"]) {
    assertThrows(() => ask({}, { endpoint }), TypeError, "an endpoint is a whole http or https URL");
  }
});

Deno.test("LibreTranslate.translate() says which failures are worth another attempt", async () => {
  const statuses: [status: number, isRetryable: boolean][] = [
    ...([429, 500, 502, 503, 504] as const).map((status): [number, boolean] => [status, true]),
    ...([301, 400, 401, 403, 404, 408] as const).map((status): [number, boolean] => [status, false]),
  ];
  for (const [status, isRetryable] of statuses) {
    const error = await errorOf({ status, body: { error: "Slow down" } });

    assertEquals(error.isRetryable, isRetryable, String(status));
    assertEquals(error.message, `The translation server answered ${status}: {"error":"Slow down"}`);
  }
  const detail = { plugin: "a", method: "net.fetch" };
  const refusal = { plugin: "a", right: "net", value: "localhost:5000" };
  assert((await errorOf(new KBertError("call/failed", "no connection", detail))).isRetryable);
  assert((await errorOf(new KBertError("call/timeout", "late", { ...detail, timeoutMs: 1 }))).isRetryable);
  assert(!(await errorOf(new KBertError("capability/refused", "not granted", refusal))).isRetryable);
});

Deno.test("LibreTranslate.translate() reads how long it is to wait, in seconds or as a date", async () => {
  const waitOf = async (value: string): Promise<number> =>
    (await errorOf({ status: 429, headers: new Map([["retry-after", value]]) })).retryAfterMs;

  assertEquals([await waitOf("7"), await waitOf("soon"), await waitOf("-3")], [7_000, 0, 0]);
  assertEquals(await waitOf(new Date(0).toUTCString()), 0);
  // A date has whole seconds, and the test takes some time of its own.
  assertAlmostEquals(await waitOf(new Date(Date.now() + 600_000).toUTCString()), 600_000, 60_000);
});

Deno.test("LibreTranslate.translate() takes nothing but a list of as many texts", async () => {
  const bodies: [body: unknown, problem: string][] = [
    ["<html>", "its answer is not JSON"],
    ["", "its answer is not JSON"],
    ["null", "no list of texts under translatedText"],
    [[], "no list of texts under translatedText"],
    [{}, "no list of texts under translatedText"],
    [{ translatedText: "jambon" }, "no list of texts under translatedText"],
    [{ translatedText: ["jambon", 1] }, "no list of texts under translatedText"],
    [{ translatedText: ["jambon"] }, "it gave 1 texts for 2"],
    [{ translatedText: ["a", "b", "c"] }, "it gave 3 texts for 2"],
  ];
  for (const [body, problem] of bodies) {
    const { message, isRetryable } = await errorOf({ body });

    assert(message.endsWith(problem), message);
    assertEquals(isRetryable, false);
  }
});

Deno.test("LibreTranslate.translate() throws the reason of its signal", async () => {
  const reason = new Error("enough");
  const network = { fetch: () => Promise.reject(new Error("gave up")) };
  const server = new LibreTranslate(network, { endpoint: "http://localhost:5000" });

  const signal = AbortSignal.abort(reason);

  const error = await assertRejects(() => server.translate(["ham"], { ...REQUEST, signal }), Error);

  assertEquals(error, reason);
});
