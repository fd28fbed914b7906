import { assert, assertEquals, assertThrows } from "../deps/assert.ts";
import { fc } from "../../tests/deps/fast_check.ts";
import { KBertError } from "../wall/errors.ts";
import { LIFECYCLE, nextState, type PluginAction, type PluginState } from "./lifecycle.ts";

const STATES = Object.keys(LIFECYCLE) as PluginState[];
const ACTIONS: PluginAction[] = [
  "initialize",
  "activate",
  "deactivate",
  "reload",
  "unload",
  "succeed",
  "resume",
  "fail",
  "quarantine",
];

/** The states that a list of actions leads through; what cannot be done is left out. */
function walk(actions: readonly PluginAction[]): PluginState[] {
  const states: PluginState[] = ["discovered"];
  for (const action of actions) {
    const next = LIFECYCLE[states.at(-1)!][action];
    if (next !== undefined) states.push(next);
  }
  return states;
}

/** Every state that can be reached from one. */
function reachable(from: PluginState): Set<PluginState> {
  const found = new Set([from]);
  for (const state of found) for (const next of Object.values(LIFECYCLE[state])) found.add(next);
  return found;
}

Deno.test("nextState() leads a plugin from discovered to active, to deactivated and around again", () => {
  const round: PluginAction[] = ["initialize", "succeed", "activate", "succeed", "deactivate", "succeed"];

  assertEquals(walk([...round, "initialize", "succeed"]), [
    "discovered",
    "initializing",
    "initialized",
    "activating",
    "active",
    "deactivating",
    "deactivated",
    "initializing",
    "initialized",
  ]);
});

Deno.test("nextState() leads through a reload and back, whichever version serves then", () => {
  const start: PluginAction[] = ["initialize", "succeed", "activate", "succeed"];

  assertEquals(walk([...start, "reload", "reload", "deactivate", "resume"]).slice(4), [
    "active",
    "reloading",
    "active",
  ]);
  assertEquals(walk([...start, "reload", "fail"]).slice(-2), ["reloading", "failed"]);
});

Deno.test("nextState() refuses what the table does not have, and says what can be done", () => {
  const error = assertThrows(() => nextState("spam_head", "failed", "activate"), KBertError);

  assertEquals(error.code, "plugin/state");
  assertEquals(error.detail, { plugin: "spam_head", state: "failed", action: "activate" });
  assert(error.message.endsWith("because it is failed; it can be initialized or unloaded"));
  assertThrows(() => nextState("a", "activating", "activate"), KBertError, "wait until that is over");
  assertThrows(() => nextState("a", "reloading", "deactivate"), KBertError, "wait until that is over");
  assertThrows(() => nextState("a", "unloaded", "initialize"), KBertError, "load it again");
});

Deno.test("LIFECYCLE reaches every state, can always unload, and never leaves unloaded", () => {
  assertEquals(reachable("discovered"), new Set(STATES));
  for (const state of STATES) assert(reachable(state).has("unloaded"), state);
  assertEquals(reachable("unloaded"), new Set(["unloaded"]));
});

Deno.test("LIFECYCLE lets no walk become active but through both phases, each begun and ended", () => {
  const property = fc.property(fc.array(fc.constantFrom(...ACTIONS), { maxLength: 40 }), (actions) => {
    const states = walk(actions);
    states.forEach((state, index) => {
      const before = states[index - 1];
      if (state === "active") assert(before === "activating" || before === "reloading", before);
      if (state === "reloading") assertEquals(before, "active");
      if (state === "activating") assertEquals(before, "initialized");
      if (state === "initialized") assertEquals(before, "initializing");
      if (state === "deactivating") assertEquals(before, "active");
      if (state === "quarantined") assertEquals(before, "failed");
    });
  });

  fc.assert(property, { seed: 1, numRuns: 1_000 });
});
