/**
 * The life of a plugin as a table: which action leads from which state to which other. Nothing is done
 * here; plugin.ts does the work, and asks before.
 *
 * A phase that takes time has a state of its own ("initializing"), which `succeed` and `fail` leave. So there
 * is never a moment in which a second caller could begin the same phase again.
 *
 * ```text
 * discovered ─initialize→ initializing ─→ initialized ─activate→ activating ─→ active
 *                  ↑ ↑                                                           │ deactivate
 *                  │ └──────────── deactivated ←───────────── deactivating ←─────┤
 *                  │                                     reloading ←─resume/reload─┘
 *                  └── failed (from everywhere) ─quarantine→ quarantined         unload: from everywhere, for ever
 * ```
 *
 * @module
 */
import { KBertError } from "../wall/errors.ts";

/** Where a plugin is in its life. */
export type PluginState =
  /** Known and vetted; nothing of it runs. */
  | "discovered"
  | "initializing"
  /** Made, its resources acquired; it is not called yet. */
  | "initialized"
  | "activating"
  /** Serves calls. */
  | "active"
  /** Serves calls, and is being exchanged for another version of itself; some calls wait meanwhile. */
  | "reloading"
  | "deactivating"
  /** Its resources are released; `initialize` begins anew. */
  | "deactivated"
  /** A phase failed, or it crashed. Nothing of it runs. */
  | "failed"
  /** It crashed too often: only a person starts it again. */
  | "quarantined"
  /** The end. */
  | "unloaded";

/** What happens to a plugin; `succeed`, `resume` and `fail` end a phase that was begun. */
export type PluginAction =
  | "initialize"
  | "activate"
  | "deactivate"
  | "reload"
  | "unload"
  | "succeed"
  /** After a reload: whichever version serves. */
  | "resume"
  | "fail"
  | "quarantine";

/** State → action → the state that follows. What is not here cannot be done. */
export const LIFECYCLE: Readonly<
  Record<PluginState, Readonly<Partial<Record<PluginAction, PluginState>>>>
> = {
  discovered: { initialize: "initializing", unload: "unloaded" },
  initializing: { succeed: "initialized", fail: "failed", unload: "unloaded" },
  initialized: { activate: "activating", fail: "failed", unload: "unloaded" },
  activating: { succeed: "active", fail: "failed", unload: "unloaded" },
  active: { deactivate: "deactivating", reload: "reloading", fail: "failed", unload: "unloaded" },
  reloading: { resume: "active", fail: "failed", unload: "unloaded" },
  deactivating: { succeed: "deactivated", fail: "failed", unload: "unloaded" },
  deactivated: { initialize: "initializing", fail: "failed", unload: "unloaded" },
  failed: { initialize: "initializing", quarantine: "quarantined", unload: "unloaded" },
  quarantined: { initialize: "initializing", unload: "unloaded" },
  unloaded: {},
};

/**
 * The state that an action leads to.
 *
 * @param plugin its name, for the error
 * @throws {KBertError} `plugin/state` if the action cannot be done; the message says which can.
 * @example
 * ```ts
 * import { nextState } from "./lifecycle.ts";
 * import { assertEquals, assertThrows } from "../deps/assert.ts";
 *
 * assertEquals(nextState("spam_head", "initialized", "activate"), "activating");
 * const message = "Cannot activate the plugin spam_head because it is discovered; it can be initialized or unloaded";
 * assertThrows(() => nextState("spam_head", "discovered", "activate"), Error, message);
 * ```
 */
export function nextState(plugin: string, state: PluginState, action: PluginAction): PluginState {
  const next = LIFECYCLE[state][action];
  if (next !== undefined) return next;
  throw new KBertError(
    "plugin/state",
    `Cannot ${action} the plugin ${plugin} because it is ${state}; ${advice(state)}`,
    { plugin, state, action },
  );
}

/** What a person can do with a plugin in this state, as the end of a sentence. */
export function advice(state: PluginState): string {
  const words = Object.keys(LIFECYCLE[state]).flatMap((action) => DONE[action as PluginAction] ?? []);
  if (words.length === 0) return "load it again";
  return PHASES.has(state) ? "wait until that is over" : `it can be ${words.join(" or ")}`;
}

const DONE: Partial<Record<PluginAction, string>> = {
  initialize: "initialized",
  activate: "activated",
  deactivate: "deactivated",
  reload: "reloaded",
  unload: "unloaded",
};

const PHASES: ReadonlySet<PluginState> = new Set(["initializing", "activating", "reloading", "deactivating"]);

/** The states in which a plugin takes calls. */
export const SERVING: ReadonlySet<PluginState> = new Set(["active", "reloading"]);
