/**
 * Which backends a step is measured on: those that are asked for by `--backend`, or all that this machine has.
 *
 * What is asked for and cannot be had is an error; what is not asked for is skipped with a line that says why.
 *
 * @module
 */
// deno-lint-ignore-file no-console -- a run says what it could not try
import {
  type Backend,
  type BackendName,
  type BackendSettings,
  startBackend,
} from "../../core/tensor/backend.ts";
import { KBertError, messageOf } from "../../core/wall/errors.ts";

/** The backends that train fast enough to be measured. */
export type MeasuredBackend = Exclude<BackendName, "cpu">;

/** In the order of the rows. */
const MEASURED_BACKENDS = ["wasm", "native", "webgpu"] as const satisfies readonly MeasuredBackend[];

/** Reads `--backend NAME,…`. @throws {KBertError} `usage/invalid` for a name that is none of them */
export function parseBackends(text: string | undefined): readonly MeasuredBackend[] | undefined {
  return text?.split(",").map((name) => {
    const found = MEASURED_BACKENDS.find((one) => one === name);
    if (found) return found;
    const message = `--backend is ${name}, expected some of ${MEASURED_BACKENDS.join(", ")}`;
    throw new KBertError("usage/invalid", message, { argument: "--backend" });
  });
}

/** How many turns to take: on a software adapter a step is seconds, and few of them say as much. */
export function turnsOn({ adapter }: Backend, turns: number): number {
  return /llvmpipe|swiftshader|software/i.test(adapter ?? "") ? Math.min(turns, 2) : turns;
}

/**
 * Calls `measure` with each backend in turn, started, and answers what it answered.
 *
 * @param name of the row, for what is said of it
 * @param possible the backends that the row is about
 * @param settings of each backend
 */
export async function onBackends<Measured>(
  name: string,
  wanted: readonly MeasuredBackend[] | undefined,
  possible: readonly MeasuredBackend[],
  measure: (backend: Backend & { readonly name: MeasuredBackend }) => Promise<Measured | undefined>,
  settings: BackendSettings = {},
): Promise<Measured[]> {
  const rows: Measured[] = [];
  for (const one of possible) {
    if (wanted && !wanted.includes(one)) continue;
    let backend: Backend;
    try {
      backend = await startBackend(one, settings);
    } catch (error) {
      if (wanted) throw error;
      console.error(`${name} is not measured on ${one}: ${messageOf(error)}`);
      continue;
    }
    using _ended = backend;
    const adapter = backend.adapter ? ` on ${backend.adapter}` : "";
    console.error(`${name}: ${one}${adapter}, ${backend.reason}`);
    const measured = await measure(backend as Backend & { readonly name: MeasuredBackend });
    backend.check();
    if (measured !== undefined) rows.push(measured);
  }
  return rows;
}
