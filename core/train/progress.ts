/**
 * Shows how far a training run is: a line that is rewritten in place on a terminal, and a plain line every
 * few seconds where the output goes to a file or a pipe.
 *
 * It decides on its own when to write, so the trainer may call it at every step. It clears a line with
 * spaces instead of escape codes, and takes control characters out of all texts: a note may come from a
 * plugin, and what is printed must not be able to move the cursor.
 *
 * @module
 */

/** Where and how {@linkcode createProgress} writes. */
export interface ProgressOptions {
  /** Steps of the whole run. */
  total: number;
  /** Whether the output can rewrite its last line. */
  isTerminal: boolean;
  /** Takes the text as it is, line ends included. */
  write: (text: string) => void;
  /** Milliseconds of a clock that never goes back. @default {performance.now} */
  now?: () => number;
  /** Width of the terminal in characters. @default {80} */
  columns?: number;
  /** Milliseconds between two lines where the output is no terminal. @default {3_000} */
  everyMs?: number;
}

/** The state of a run after a step; what is left out or not finite is not shown. */
export interface ProgressState {
  readonly step: number;
  /** In nats. */
  readonly loss?: number | undefined;
  /** Between 0 and 1. */
  readonly accuracy?: number | undefined;
  readonly tokensPerSecond?: number | undefined;
  readonly secondsLeft?: number | undefined;
  /** Share of the step's time that was spent in plugins, between 0 and 1. */
  readonly pluginShare?: number | undefined;
  /** Shown at the end of the line. */
  readonly note?: string | undefined;
}

/** The display of one run. */
export interface Progress {
  /** Tells the state; whether it is written now is decided here. */
  update(state: ProgressState): void;
  /** Writes a line that stays, above the one that is rewritten. */
  note(line: string): void;
  /** Writes the last state if it is not written yet, and ends the line. Nothing is written after it. */
  finish(): void;
}

/** Ten redraws a second look continuous and cost nothing. */
const REDRAW_MS = 100;
const WIDEST_BAR = 24;
const NARROWEST_BAR = 5;

/**
 * A display for a run of `total` steps.
 *
 * @example
 * ```ts
 * import { createProgress } from "./progress.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const written: string[] = [];
 * const progress = createProgress({ total: 441, isTerminal: false, write: (text) => written.push(text) });
 * progress.update({ step: 120, loss: 0.0931, tokensPerSecond: 9120.4, secondsLeft: 61.5 });
 *
 * assertEquals(written, ["step 120/441  27%  loss 0.093  9,120 tokens/s  1:02 left\n"]);
 * ```
 */
export function createProgress(
  { total, isTerminal, write, now = () => performance.now(), columns = 80, everyMs = 3_000 }: ProgressOptions,
): Progress {
  const betweenMs = isTerminal ? REDRAW_MS : everyMs;
  let latest: ProgressState | undefined;
  let latestIsWritten = false;
  let writtenAt = -Infinity;
  let widthOnScreen = 0;
  let finished = false;

  const onScreen = (text: string): void => {
    write("\r" + text.padEnd(widthOnScreen));
    widthOnScreen = text.length;
  };
  const draw = (state: ProgressState): void => {
    // A text that fills the last column makes some terminals go to the next line.
    if (isTerminal) onScreen(terminalLine(state, total, columns - 1));
    else write(`${fieldsOf(state, total).map((field) => field.text).join("  ")}\n`);
    latestIsWritten = true;
    writtenAt = now();
  };
  return {
    update(state): void {
      if (finished) return;
      latest = state;
      latestIsWritten = false;
      if (now() - writtenAt >= betweenMs) draw(state);
    },
    note(line): void {
      if (finished) return;
      const text = printable(line);
      if (widthOnScreen === 0) return write(`${text}\n`);
      onScreen(text);
      write("\n");
      widthOnScreen = 0;
      if (latest !== undefined) draw(latest);
    },
    finish(): void {
      if (finished) return;
      finished = true;
      if (latest !== undefined && !latestIsWritten) draw(latest);
      if (widthOnScreen > 0) write("\n");
    },
  };
}

/** A part of the line. */
interface Field {
  readonly text: string;
  /** On a terminal, where a bar has to find room beside all others in 80 columns. */
  readonly short: string;
  /** Where there is no room for all, the fields with the lowest worth go first. */
  readonly worth: number;
}

function fieldsOf(state: ProgressState, total: number): Field[] {
  const { step, loss, accuracy, tokensPerSecond, secondsLeft, pluginShare, note } = state;
  const field = (worth: number, text: string, short = text): Field => ({ worth, text, short });
  const speed = finite(tokensPerSecond, (value) => WHOLE.format(value));
  const share = finite(pluginShare, (value) => (100 * value).toFixed(1));
  const right = finite(accuracy, (value) => value.toFixed(3));
  return [
    field(9, `step ${step}/${total}`, `${step}/${total}`),
    field(7, `${Math.floor(100 * shareOf(step, total))}%`, ""), // the bar says it
    field(8, finite(loss, (value) => `loss ${value.toFixed(3)}`)),
    field(5, right && `accuracy ${right}`, right && `acc ${right}`),
    field(3, speed && `${speed} tokens/s`, speed && `${speed} tok/s`),
    field(2, share && `plugin ${share} % of step`, share && `plugin ${share}%`),
    field(6, finite(secondsLeft, (value) => `${clock(value)} left`)),
    field(4, printable(note ?? "")),
  ].filter((field) => field.text !== "");
}

/** The fields that fit, after a bar if there is room for one. */
function terminalLine(state: ProgressState, total: number, width: number): string {
  let fields = fieldsOf(state, total).filter((field) => field.short !== "");
  const joined = (): string => fields.map((field) => field.short).join("  ");
  while (fields.length > 1 && joined().length > width) {
    const least = Math.min(...fields.map((field) => field.worth));
    fields = fields.filter((field) => field.worth !== least);
  }
  const text = joined().slice(0, Math.max(0, width));
  const bar = Math.min(WIDEST_BAR, width - text.length - "[]  ".length);
  if (bar < NARROWEST_BAR) return text;
  const done = Math.floor(bar * shareOf(state.step, total));
  return `[${"#".repeat(done)}${"-".repeat(bar - done)}]  ${text}`;
}

const WHOLE = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

function shareOf(step: number, total: number): number {
  return total > 0 ? Math.min(1, Math.max(0, step / total)) : 1;
}

function finite(value: number | undefined, format: (value: number) => string): string {
  return value !== undefined && Number.isFinite(value) ? format(value) : "";
}

/** Seconds, rounded up, as `1:02` or `2:03:04`. */
function clock(seconds: number): string {
  const whole = Math.max(0, Math.ceil(seconds));
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const shown = parts[0] === 0 ? parts.slice(1) : parts;
  return shown.map((part, index) => index === 0 ? part : String(part).padStart(2, "0")).join(":");
}

/** Every control character, line end and direction mark as a space. */
function printable(text: string): string {
  return text.replace(/[\p{C}\u2028\u2029]/gu, " ");
}
