import { assertEquals, assertRejects } from "../deps/assert.ts";
import { z } from "../deps/zod.ts";
import { KBertError } from "../wall/errors.ts";
import type { WireValue } from "../wall/values.ts";
import {
  type ArgumentsSchema,
  callService,
  type Service,
  type ServiceCaller,
  serviceMethod,
} from "./services.ts";

const CALLER: ServiceCaller = { plugin: "sample", signal: new AbortController().signal };

const GLOSSARY: Service = {
  lookup: serviceMethod(
    z.tuple([z.string(), z.strictObject({ language: z.string() }).optional()]),
    (word, options, { plugin }) => `${word} (${options?.language ?? "en"}) for ${plugin}`,
  ),
  fail: serviceMethod(z.tuple([]), () => Promise.reject(new RangeError("no such page"))),
  signal: serviceMethod(z.tuple([]), ({ signal }) => signal === CALLER.signal),
};

function call(method: string, args: readonly WireValue[]): Promise<WireValue> {
  return callService(GLOSSARY, "glossary", method, args, CALLER);
}

async function refusal(method: string, args: readonly WireValue[]): Promise<[string, string]> {
  const error = await assertRejects(() => call(method, args), KBertError);
  return [error.code, error.message];
}

Deno.test("callService() calls a method with checked arguments, and with who calls", async () => {
  assertEquals(await call("lookup", ["soup", { language: "de" }]), "soup (de) for sample");
  assertEquals(await call("signal", []), true);
});

Deno.test("callService() refuses a method that is not there, also those that every object has", async () => {
  const has = "it has lookup, fail, signal";
  for (const method of ["look", "toString", "constructor", "__proto__"]) {
    assertEquals(await refusal(method, []), [
      "service/refused",
      `The service glossary has no ${method}(); ${has}`,
    ]);
  }
});

Deno.test("callService() says in a line which argument is wrong", async () => {
  const start = "lookup() of the service glossary was given wrong arguments: ";
  const problems: [args: WireValue[], problem: string][] = [
    [[5], "argument 1: Invalid input: expected string, received number"],
    [["soup", { language: 5 }], "argument 2.language: Invalid input: expected string, received number"],
  ];
  for (const [args, problem] of problems) {
    assertEquals(await refusal("lookup", args), ["call/arguments", start + problem]);
  }
});

Deno.test("callService() takes any schema that says whether a value fits", async () => {
  const never: ArgumentsSchema<[]> = {
    safeParse: () => ({ success: false, error: { message: "not\u001b[2J today" } }),
  };
  const service: Service = { open: serviceMethod(never, () => 1) };

  const error = await assertRejects(() => callService(service, "shop", "open", [], CALLER), KBertError);

  assertEquals(error.message, "open() of the service shop was given wrong arguments: not\\u001b[2J today");
});

Deno.test("callService() passes on what the service throws", async () => {
  await assertRejects(() => call("fail", []), RangeError, "no such page");
});
