/**
 * A measurement as a ratio: what we take, against a reference in the same run.
 *
 * On a shared machine a time alone means nothing; a ratio of two things that were measured in turns does.
 *
 * @module
 */

/** One line of the table, and of the JSON file. */
export interface Row {
  readonly name: string;
  readonly ours: number;
  readonly reference: number;
  /** ours / reference. */
  readonly ratio: number;
  readonly unit: string;
  /** Which way is good. */
  readonly better: "lower" | "higher";
  /** The GPU adapter, where one was used. */
  readonly adapter?: string;
  readonly note?: string;
}

/** Makes a row; the numbers are rounded to what such a measurement can tell. */
export function row(
  name: string,
  ours: number,
  reference: number,
  unit: string,
  more: { better?: "lower" | "higher"; adapter?: string; note?: string } = {},
): Row {
  const round = (value: number): number => Number(value.toPrecision(4));
  return {
    name,
    ours: round(ours),
    reference: round(reference),
    ratio: round(ours / reference),
    unit,
    better: "lower",
    ...more,
  };
}

/** The middle one of the values. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}

/**
 * Runs both in turns, the first turn not counted, and answers the medians in milliseconds. What a turn
 * answers is disposed of after its time was taken.
 */
export async function inTurns(
  turns: number,
  ours: () => Promise<unknown> | unknown,
  reference: () => Promise<unknown> | unknown,
): Promise<[ours: number, reference: number]> {
  const times: [number[], number[]] = [[], []];
  for (let turn = 0; turn <= turns; turn++) {
    // The order alternates: whoever is second finds a warmer machine.
    for (const which of turn % 2 ? [0, 1] as const : [1, 0] as const) {
      const started = performance.now();
      const made = await (which === 0 ? ours : reference)();
      if (turn > 0) times[which].push(performance.now() - started);
      await dispose(made);
    }
  }
  return [median(times[0]), median(times[1])];
}

async function dispose(made: unknown): Promise<void> {
  const { [Symbol.dispose]: end, [Symbol.asyncDispose]: endLater } = Object(made);
  await (endLater ?? end)?.call(made);
}

/** The rows as a table of plain text. */
export function table(rows: readonly Row[]): string {
  const header = ["name", "ours", "reference", "ratio", "unit", "better", "note"];
  const lines = rows.map(({ name, ours, reference, ratio, unit, better, adapter, note }) => [
    name,
    String(ours),
    String(reference),
    String(ratio),
    unit,
    better,
    [adapter, note].filter(Boolean).join("; "),
  ]);
  const widths = header.map((_, column) =>
    Math.max(...[header, ...lines].map((line) => line[column]!.length))
  );
  return [header, ...lines].map((line) =>
    line.map((cell, column) => cell.padEnd(widths[column]!)).join("  ").trimEnd()
  )
    .join("\n");
}
