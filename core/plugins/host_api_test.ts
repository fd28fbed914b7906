import { assertEquals, assertRejects } from "../deps/assert.ts";
import { KBertError } from "../wall/errors.ts";
import type { ServedCall } from "../wall/options.ts";
import type { WireValue } from "../wall/values.ts";
import { NO_PERMISSIONS } from "../security/permissions.ts";
import { capabilityApi } from "./capabilities/index.ts";
import { type HostApi, serveHostApi } from "./host_api.ts";

function callOf(method: string, args: readonly WireValue[], stream = false): ServedCall {
  return { method, args, stream, signal: new AbortController().signal };
}

/** Answers what it was asked. */
function echo(): HostApi {
  return {
    ...capabilityApi("sample", NO_PERMISSIONS),
    "events.subscribe": (args) => ["subscribe", ...args],
    "events.unsubscribe": (args) => ["unsubscribe", ...args],
    "service.call": (args) => ["call", ...args],
  };
}

async function refusal(
  method: string,
  args: readonly WireValue[],
  stream = false,
): Promise<[string, string]> {
  const call = callOf(method, args, stream);
  const error = await assertRejects(() => serveHostApi(echo(), "sample", call), KBertError);
  return [error.code, error.message];
}

Deno.test("serveHostApi() calls each row with checked arguments", async () => {
  const answers = await Promise.all([
    serveHostApi(echo(), "sample", callOf("events.subscribe", ["a.*", 5])),
    serveHostApi(echo(), "sample", callOf("events.unsubscribe", ["a.>"])),
    serveHostApi(echo(), "sample", callOf("service.call", ["glossary", "lookup", ["soup", 1]])),
  ]);

  assertEquals(answers, [
    ["subscribe", "a.*", 5],
    ["unsubscribe", "a.>"],
    ["call", "glossary", "lookup", ["soup", 1]],
  ]);
});

Deno.test("serveHostApi() has nothing else, and no streams", async () => {
  for (const method of ["events.emit", "toString", "__proto__", "constructor"]) {
    assertEquals(await refusal(method, []), ["call/unknown-method", `The host has no ${method}()`]);
  }
  assertEquals(await refusal("\u001b[2J", []), ["call/unknown-method", "The host has no \\u001b[2J()"]);
  assertEquals((await refusal("events.unsubscribe", ["a"], true))[0], "call/unknown-method");
});

Deno.test("serveHostApi() refuses arguments that do not fit", async () => {
  const wrong: [method: string, args: WireValue[]][] = [
    ["events.subscribe", []],
    ["events.subscribe", ["a.b"]],
    ["events.subscribe", ["a..b", 0]],
    ["events.subscribe", ["a.b", -1]],
    ["events.subscribe", ["a.b", 1_001]],
    ["events.subscribe", ["a.b", 1.5]],
    ["events.subscribe", ["a.b", 1, 1]],
    ["events.unsubscribe", [5]],
    ["service.call", ["", "lookup", []]],
    ["service.call", ["glossary", "x".repeat(129), []]],
    ["service.call", ["glossary", "lookup", "soup"]],
  ];
  for (const [method, args] of wrong) {
    const [code, message] = await refusal(method, args);
    assertEquals(code, "call/arguments", JSON.stringify([method, args]));
    assertEquals(message.startsWith(`${method}() of the host was given wrong arguments: `), true);
    assertEquals(message.includes("\n"), false);
  }
});
