/**
 * Says in lines what came of each save while plugins are watched.
 *
 * @module
 */
import type { EventBus } from "../bus/event_bus.ts";
import { formatPlace } from "../plugins/source_place.ts";

/**
 * Writes a line for each reload, and for each that failed, until the result is disposed of.
 *
 * @param note shows people a line
 * @example
 * ```ts
 * import { noteReloads } from "./reload_notes.ts";
 * import { EventBus } from "../bus/event_bus.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * using bus = new EventBus();
 * const lines: string[] = [];
 * using _notes = noteReloads(bus, (line) => lines.push(line));
 * await bus.emit("plugin.reload_failed", {
 *   plugin_name: "spam_head",
 *   plugin_path: "heads/spam_head",
 *   timestamp: 0,
 *   error: "Cannot read head.ts:7: Unexpected token",
 *   phase: "build",
 *   file: "head.ts",
 *   line: 7,
 * });
 * const line = "spam_head was not reloaded (heads/spam_head/head.ts:7): Cannot read head.ts:7: Unexpected token";
 * assertEquals(lines, [line]);
 * ```
 */
export function noteReloads(bus: EventBus, note: (line: string) => void): Disposable {
  const notes = new DisposableStack();
  notes.use(
    bus.on("plugin.reloaded", ({ plugin_name, phases_ms, calls_held, pause_ms, began_anew, to_sha256 }) => {
      const ms = Object.values(phases_ms).reduce((sum, phase) => sum + phase, 0);
      const held = calls_held === 0
        ? ""
        : `, ${calls_held === 1 ? "a call" : `${calls_held} calls`} waited ${pause_ms.toFixed(0)} ms`;
      note(`${plugin_name} was reloaded in ${ms.toFixed(0)} ms (code ${to_sha256.slice(0, 12)}${held})`);
      for (const what of began_anew) note(`  ${plugin_name} begins anew: it had no place for ${what}`);
    }),
  );
  notes.use(bus.on("plugin.reload_failed", ({ plugin_name, plugin_path, error, file, line, column }) => {
    const place = formatPlace({ file, line, column });
    note(`${plugin_name} was not reloaded${place && ` (${plugin_path}/${place})`}: ${error}`);
  }));
  notes.use(bus.on("plugin.rolled_back", ({ plugin_name, to_sha256, reason }) => {
    note(`${plugin_name} went back to the code ${to_sha256.slice(0, 12)}, because ${reason}`);
  }));
  return notes;
}
