import { assertEquals, assertThrows } from "../deps/assert.ts";
import { type Key, nameOf, Token } from "./token.ts";

Deno.test("new Token() refuses an empty name", () => {
  assertThrows(() => new Token(""), TypeError, "A token needs a name");
});

Deno.test("nameOf() says so when a class has no name", () => {
  const name = nameOf(class {});

  assertEquals(name, "(a class without a name)");
});

Deno.test("Key is a token or a class of just its service, for the compiler", () => {
  abstract class Port {
    abstract open(): void;
  }
  class Private {
    constructor(readonly size: number) {}
  }
  const count = new Token<number>("count");

  const keys: [Key<number>, Key<number | string>, Key<Port>, Key<Private>] = [count, count, Port, Private];
  // @ts-expect-error: a token of a number is none of a text
  const text: Key<string> = count;
  // @ts-expect-error: a class whose instances have no open() is no key of a port
  const port: Key<Port> = Private;
  // @ts-expect-error: what looks like a token is none, it must be made by this class
  const lookalike: Token<number> = { name: "count" };

  assertEquals([...keys, text, port, lookalike].length, 7);
});

Deno.test("Key of a generic class is of whatever the asker says, for the compiler", () => {
  class Bus<Events extends object = { none: 1 }> {
    declare readonly events: (events: Events) => Events;
  }

  const keys: [Key<Bus>, Key<Bus<{ a: 1 }>>] = [Bus, Bus];
  // @ts-expect-error: but it is of a bus
  const other: Key<URL> = Bus;

  assertEquals([...keys, other], [Bus, Bus, Bus]);
});
