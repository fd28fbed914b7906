import { assert, assertEquals, assertRejects } from "../core/deps/assert.ts";
import type { WireValue } from "../core/wall/values.ts";
import { PluginConfig } from "../plugins/sdk/config.ts";
import { EventBus } from "../plugins/sdk/event_bus.ts";
import { type PluginMemory, PluginPort } from "../plugins/sdk/plugin_port.ts";
import type { PortMemory } from "./port_server.ts";
import { type MemoryState, StateTransfer } from "./state_transfer.ts";

/** What a test's plugin remembers and what it was given, as a transfer sees it. */
function transferOf(memory: PluginMemory, port?: PortMemory): StateTransfer {
  const plugin = new PluginPort(PluginConfig({ name: "sample" }), new EventBus());
  for (const [name, value] of Object.entries(memory)) Object.defineProperty(plugin, name, { value });
  return new StateTransfer(plugin, port);
}

/** A port with a number, which loses what it is told to. */
class NumberPort implements PortMemory {
  constructor(public value: WireValue, readonly lost: readonly string[] = []) {}

  capture(): WireValue {
    return this.value;
  }

  losses(): readonly string[] {
    return this.lost;
  }

  restore(state: WireValue): void {
    this.value = state;
  }
}

const captured = async (memory: PluginMemory, port?: PortMemory): Promise<MemoryState> =>
  await transferOf(memory, port).capture() as unknown as MemoryState;

Deno.test("StateTransfer.capture() answers what a plugin and its port remember, and nothing of one that has no memory", async () => {
  const port = new NumberPort(5);

  assertEquals(await captured({}), { version: 1 });
  assertEquals(await captured({ captureState: () => undefined }), { version: 1 });
  assertEquals(await captured({ captureState: () => null, stateVersion: 0 }), { version: 0, own: null });
  assertEquals(await captured({ captureState: () => Promise.resolve([1]), stateVersion: 7 }, port), {
    ...{ version: 7, own: [1], port: 5 },
  });
});

Deno.test("StateTransfer.capture() answers a copy, so that the plugin can go on with what it has", async () => {
  const weights = Float32Array.of(1, -0, NaN);
  const bytes = Uint8Array.of(1, 2);
  const own = { seen: [1, undefined, Infinity], w: { dtype: "float32", shape: [3], data: weights }, bytes };
  const { own: copy } = await captured({ captureState: () => own });
  const expected = structuredClone(own);

  own.seen.push(2);
  weights.fill(9);
  bytes.fill(9);

  assertEquals(copy, expected as unknown as WireValue);
  assert(weights.buffer.byteLength > 0, "nothing was moved");
});

Deno.test("StateTransfer.capture() passes on what a plugin throws, and refuses what cannot cross", async () => {
  const fails: PluginMemory = {
    captureState: () => {
      throw new Error("no memory left");
    },
  };

  await assertRejects(() => captured(fails), Error, "no memory left");
  for (const own of [() => {}, new Map(), { $: 1 }, 5n]) {
    await assertRejects(() => captured({ captureState: () => own }), Error, "across the wall");
  }
});

Deno.test("StateTransfer.capture() refuses a version of a state that is none", async () => {
  for (const stateVersion of [-1, 1.5, NaN, 1_000_001, "1" as unknown as number]) {
    await assertRejects(
      () => captured({ stateVersion }),
      TypeError,
      `stateVersion is ${stateVersion}, expected a whole number up to 1,000,000`,
    );
  }
});

/** A plugin that takes whatever it is given, and the order of what was done. */
function taking(more: PluginMemory = {}): { memory: PluginMemory; given: unknown[] } {
  const given: unknown[] = [];
  return { memory: { restoreState: (state) => void given.push(state), ...more }, given };
}

Deno.test("StateTransfer.restore() gives the port its state first, and then the plugin", async () => {
  const port = new NumberPort(0);
  const { memory, given } = taking();
  const restoreState = (state: unknown): void => void given.push(state, port.value);

  const losses = await transferOf({ ...memory, restoreState }, port)
    .restore({ version: 1, own: "own", port: 5 }, false);

  assertEquals([losses, given], [[], ["own", 5]]);
});

Deno.test("StateTransfer.restore() gives a plugin nothing that the version before did not remember", async () => {
  const { memory, given } = taking();
  const port = new NumberPort(3);

  assertEquals(await transferOf(memory, port).restore({ version: 9 }, false), []);

  assertEquals([given, port.value], [[], 3]);
  assertEquals(await transferOf(memory).restore({ version: 1, own: null }, false), []);
  assertEquals(given, [null]);
});

Deno.test("StateTransfer.restore() migrates a state of another version, older or newer, and only that", async () => {
  const migrateState = (state: unknown, from: number): unknown => Promise.resolve([state, from]);
  const { memory, given } = taking({ stateVersion: 2, migrateState });
  const transfer = transferOf(memory);

  for (const version of [1, 2, 3]) assertEquals(await transfer.restore({ version, own: "own" }, false), []);

  assertEquals(given, [["own", 1], "own", ["own", 3]]);
});

Deno.test("StateTransfer.restore() refuses what would begin anew, and changes nothing", async (t) => {
  const other =
    "it has no place for a state of version 1: its stateVersion is 2, and there is no migrateState()";
  const none = "it has no place for what the version before remembered: there is no restoreState()";
  const weights = "it has no place for the weights of a";
  const cases: [what: string, memory: PluginMemory, lost: string[], message: string][] = [
    ["a state of another version", taking({ stateVersion: 2 }).memory, [], other],
    ["a plugin without restoreState()", {}, [], none],
    ["a part of the port's", taking().memory, ["the weights of a"], weights],
    ["several", {}, ["the weights of a", "the weights of b"], `${none} (and 2 more)`],
  ];
  for (const [what, memory, lost, message] of cases) {
    await t.step(what, async () => {
      const port = new NumberPort(3, lost);
      const given: unknown[] = [];
      const watched = memory.restoreState
        ? { ...memory, restoreState: (state: unknown) => void given.push(state) }
        : memory;

      const error = await assertRejects(
        () => transferOf(watched, port).restore({ version: 1, own: "own", port: 5 }, false),
        Error,
      );

      const advice = '; reload it with onStateLoss "fresh" to let that begin anew';
      assertEquals([error.message, given, port.value], [message + advice, [], 3]);
    });
  }
});

Deno.test("StateTransfer.restore() goes on without what has no place if it may, and says what that is", async () => {
  const port = new NumberPort(3, ["the weights of a"]);
  const { memory, given } = taking({ stateVersion: 2 });

  const losses = await transferOf(memory, port).restore({ version: 1, own: "own", port: 5 }, true);

  assertEquals(losses, [
    "a state of version 1: its stateVersion is 2, and there is no migrateState()",
    "the weights of a",
  ]);
  assertEquals([given, port.value], [[], 5]);
});

Deno.test("StateTransfer.restore() tells of a hundred losses at most", async () => {
  const port = new NumberPort(3, Array.from({ length: 5_000 }, (_, index) => `the weights of ${index}`));

  const losses = await transferOf({}, port).restore({ version: 1, port: 5 }, true);

  assertEquals([losses.length, losses.at(-1)], [100, "the weights of 99"]);
});

Deno.test("StateTransfer.restore() waits for a plugin, and passes on what it throws", async () => {
  const gate = Promise.withResolvers<void>();
  let done = false;
  const slow = transferOf({ restoreState: () => gate.promise }).restore({ version: 1, own: 1 }, false)
    .then(() => done = true);
  await Promise.resolve();
  assertEquals(done, false);
  gate.resolve();
  await slow;

  const broken = (): void => {
    throw new Error("no place");
  };
  for (const memory of [{ restoreState: broken }, { ...taking().memory, migrateState: broken }]) {
    const version = "migrateState" in memory ? 2 : 1;
    await assertRejects(() => transferOf(memory).restore({ version, own: 1 }, true), Error, "no place");
  }
});
