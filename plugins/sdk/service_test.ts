import { assertEquals, assertRejects, assertStrictEquals, assertThrows } from "../../core/deps/assert.ts";
import { Container } from "../../core/container/container.ts";
import { inject } from "../../core/container/inject.ts";
import { KBertError } from "../../core/wall/errors.ts";
import { type Remote, service } from "./service.ts";

interface Glossary {
  lookup(word: string): string;
}

Deno.test("service() answers the same token for the same name, so that both ends find each other", () => {
  assertStrictEquals(service<Glossary>("glossary"), service<Glossary>("glossary"));
  assertEquals(service("kitchen").name, "kitchen");
});

Deno.test("service() is injected like any token, and refused where the host does not offer it", async () => {
  const client: Remote<Glossary> = { lookup: (word) => Promise.resolve(`${word}!`) };
  const container = new Container().register(service<Glossary>("glossary"), { value: client });

  const found = container.construct(() => inject(service<Glossary>("glossary")));

  assertEquals(await found.lookup("soup"), "soup!");
  const missing = (): unknown => container.construct(() => inject(service("shop")));
  assertEquals(assertThrows(missing, KBertError).code, "container/unresolved");
  await assertRejects(() => container.resolve(service("shop")), KBertError);
});
