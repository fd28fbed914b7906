import { assertEquals, assertThrows } from "../deps/assert.ts";
import { KBertError } from "./errors.ts";
import { type Failure, parseMessage } from "./protocol.ts";

const FAILURE = { name: "Error", message: "no" };

Deno.test("parseMessage() reads every kind of message and drops keys that it does not know", async (t) => {
  const messages: Record<string, unknown>[] = [
    { kind: "ready" },
    { kind: "call", id: 1, method: "f", args: [1, { a: 2 }] },
    { kind: "call", id: 1, method: "f", args: [], stream: true },
    { kind: "cancel", id: 2 ** 53 - 1 },
    { kind: "pull", id: 1 },
    { kind: "item", id: 1, value: null },
    { kind: "end", id: 1 },
    { kind: "return", id: 1, value: { $: "undefined" } },
    { kind: "throw", id: 1, failure: FAILURE },
    { kind: "failed", failure: { ...FAILURE, code: "x", stack: "at", cause: FAILURE } },
    {
      kind: "failed",
      failure: { ...FAILURE, errors: [FAILURE, FAILURE], properties: { a: [1, { b: null }] } },
    },
    { kind: "events", events: [["a.b", null]] },
    { kind: "events", events: [["a.b", { a: 1 }], ["c", [], "somebody", 0.5]], dropped: 7 },
    { kind: "credit", events: 1_000 },
  ];
  for (const message of messages) {
    await t.step(String(message["kind"]), () => {
      const head = JSON.stringify({ ...message, sender: "somebody else" }).replace(
        "{",
        '{"__proto__":{"a":1},',
      );

      const parsed: unknown = parseMessage(head, "x");

      assertEquals(parsed, message);
    });
  }
});

Deno.test("parseMessage() refuses everything else with wall/frame", async (t) => {
  const heads: Record<string, string> = {
    "no JSON": "{",
    "an empty text": "",
    "null": "null",
    "a list": "[]",
    "no kind": "{}",
    "a kind that every object has": `{"kind":"constructor"}`,
    "a kind called __proto__": `{"kind":"__proto__"}`,
    "a kind that is a list": `{"kind":["ready"]}`,
    "a negative id": `{"kind":"cancel","id":-1}`,
    "the id 0": `{"kind":"cancel","id":0}`,
    "a fraction for an id": `{"kind":"cancel","id":1.5}`,
    "an id of 2^53": `{"kind":"cancel","id":9007199254740992}`,
    "an id that is a text": `{"kind":"cancel","id":"1"}`,
    "no method": `{"kind":"call","id":1,"args":[]}`,
    "an empty method": `{"kind":"call","id":1,"method":"","args":[]}`,
    "a method of 129 characters": JSON.stringify({ kind: "call", id: 1, method: "x".repeat(129), args: [] }),
    "arguments that are no list": `{"kind":"call","id":1,"method":"f","args":{"length":1}}`,
    "a failure without a message": `{"kind":"throw","id":1,"failure":{"name":"Error"}}`,
    "a failure with an object for a message": `{"kind":"throw","id":1,"failure":{"name":"E","message":{}}}`,
    "a message of 20,001 characters": JSON.stringify({
      kind: "failed",
      failure: { name: "E", message: "x".repeat(20_001) },
    }),
    "a call that is a stream and is not": `{"kind":"call","id":1,"method":"f","args":[],"stream":false}`,
    "an answer without a value": `{"kind":"return","id":1}`,
    "an item without a value": `{"kind":"item","id":1}`,
    "a pull without an id": `{"kind":"pull"}`,
    "a failure that is a list": `{"kind":"failed","failure":[]}`,
    "a failure with parts that are none":
      `{"kind":"failed","failure":{"name":"E","message":"m","errors":[1]}}`,
    "a failure of 65 parts": JSON.stringify({
      kind: "failed",
      failure: { ...FAILURE, errors: Array(65).fill(FAILURE) },
    }),
    "a failure with a list of properties":
      `{"kind":"failed","failure":{"name":"E","message":"m","properties":[]}}`,
    "a failure whose cause is none": `{"kind":"failed","failure":{"name":"E","message":"m","cause":null}}`,
    "no events": `{"kind":"events","events":[]}`,
    "1,001 events": JSON.stringify({ kind: "events", events: Array(1_001).fill(["a", null]) }),
    "an event that is an object": `{"kind":"events","events":[{"topic":"a","payload":1}]}`,
    "an event without a payload": `{"kind":"events","events":[["a"]]}`,
    "an event without a topic": `{"kind":"events","events":[["",1]]}`,
    "an event whose topic is a list": `{"kind":"events","events":[[["a"],1]]}`,
    "an event of half a stamp": `{"kind":"events","events":[["a",1,"x"]]}`,
    "an event of five parts": `{"kind":"events","events":[["a",1,"x",1,1]]}`,
    "an event at a time that is infinite": `{"kind":"events","events":[["a",1,"x",1e999]]}`,
    "a negative count of dropped events": `{"kind":"events","events":[["a",1]],"dropped":-1}`,
    "no credit": `{"kind":"credit"}`,
    "negative credit": `{"kind":"credit","events":-1}`,
    "credit beyond 2^53": `{"kind":"credit","events":1e300}`,
  };
  for (const [what, head] of Object.entries(heads)) {
    await t.step(what, () => {
      const error = assertThrows(() => parseMessage(head, "The plugin x"), KBertError, "The plugin x sent");
      assertEquals(error.code, "wall/frame");
    });
  }
});

Deno.test("parseMessage() is not overflowed by JSON that is nested a million deep", async (t) => {
  const deep = 2 ** 19;
  const heads: Record<string, string> = {
    "never closed": "[".repeat(2 ** 20),
    "in the arguments": `{"kind":"call","id":1,"method":"f","args":[${"[".repeat(deep)}${"]".repeat(deep)}]}`,
    "in a key nobody reads": `{"kind":"ready","x":${"[".repeat(deep)}${"]".repeat(deep)}}`,
  };
  for (const [what, head] of Object.entries(heads)) {
    await t.step(what, () => {
      try {
        parseMessage(head, "x");
      } catch (error) {
        assertEquals((error as KBertError).code, "wall/frame");
      }
    });
  }
});

Deno.test("parseMessage() reads causes to a bounded depth", () => {
  const head = `{"kind":"failed","failure":${`{"name":"E","message":"m","cause":`.repeat(20_000)}${
    JSON.stringify(FAILURE)
  }${"}".repeat(20_000)}}`;

  const message = parseMessage(head, "x");

  let depth = 0;
  let failure: Failure | undefined = message.kind === "failed" ? message.failure : undefined;
  for (; failure; failure = failure.cause) depth++;
  assertEquals(depth, 9);
});

Deno.test("parseMessage() reads parts of failures to a bounded number", () => {
  let failure: Failure = FAILURE;
  for (let level = 0; level < 4; level++) failure = { ...FAILURE, errors: Array(10).fill(failure) };

  const message = parseMessage(JSON.stringify({ kind: "failed", failure }), "x");

  const count = ({ errors = [] }: Failure): number => errors.reduce((sum, part) => sum + count(part), 1);
  assertEquals(message.kind === "failed" && count(message.failure), 64);
});
