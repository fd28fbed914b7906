/**
 * Log lines as events: `log.info` with a message and fields, for whoever listens.
 *
 * A logger never throws and never waits, because its callers are in the middle of something else. What it
 * posts is plain and bounded where it is said; a reader who does not trust the other side makes it so again,
 * as {@linkcode formatRecord} does.
 *
 * @module
 */
import { messageOf } from "../wall/errors.ts";
import { printable } from "../wall/failure.ts";
import { type LogFields, type LogValue, plainFields } from "./fields.ts";
import { type EventSink, tell } from "./sink.ts";

export type { LogFields, LogValue };

/** The levels, from what few want to know to what nobody may miss. */
export const LOG_LEVELS = ["debug", "info", "warning", "error"] as const;

export type LogLevel = typeof LOG_LEVELS[number];

/** The payload of `log.<level>`. */
export interface LogRecord {
  readonly message: string;
  readonly fields: { readonly [name: string]: LogValue };
}

export interface LoggerOptions {
  /** The lowest level that is posted. @default {"info"} */
  readonly level?: LogLevel;
  /** Written with each message. */
  readonly fields?: LogFields;
}

/** Longest message, in characters. */
const MAX_MESSAGE = 8_192;
const MAX_SOURCE = 128;
/** Longest line of {@linkcode formatRecord}, in characters. */
const MAX_LINE = 16_384;

/**
 * Posts messages with fields.
 *
 * @example
 * ```ts
 * import { Logger } from "./logger.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const posted: unknown[] = [];
 * const logger = new Logger({ post: (topic, payload) => posted.push([topic, payload]) }).with({ run: "spam" });
 * logger.info("Extracting features", { samples: 32 });
 * logger.debug("Nobody asked for this");
 * assertEquals(posted, [
 *   ["log.info", { message: "Extracting features", fields: { run: "spam", samples: 32 } }],
 * ]);
 * ```
 */
export class Logger {
  readonly #sink: EventSink;
  readonly #lowest: number;
  readonly #level: LogLevel;
  readonly #fields: LogRecord["fields"];

  /** @param sink an event bus; it stays the caller's */
  constructor(sink: EventSink, { level = "info", fields = {} }: LoggerOptions = {}) {
    this.#sink = sink;
    this.#level = level;
    this.#lowest = LOG_LEVELS.indexOf(level);
    this.#fields = plainFields(fields);
  }

  debug(message: string, fields?: LogFields): void {
    this.#post(0, message, fields);
  }

  info(message: string, fields?: LogFields): void {
    this.#post(1, message, fields);
  }

  warning(message: string, fields?: LogFields): void {
    this.#post(2, message, fields);
  }

  error(message: string, fields?: LogFields): void {
    this.#post(3, message, fields);
  }

  /** A logger that writes these fields, as they are now, with each message, and those of this one. */
  with(fields: LogFields): Logger {
    return new Logger(this.#sink, { level: this.#level, fields: plainFields(fields, this.#fields) });
  }

  /** One comparison, and nothing else, for a level that nobody wants. */
  #post(level: number, message: string, fields: LogFields = {}): void {
    if (level < this.#lowest) return;
    const record: LogRecord = { message: textOf(message), fields: plainFields(fields, this.#fields) };
    tell(this.#sink, `log.${LOG_LEVELS[level]}`, record);
  }
}

/**
 * A record as one line for a terminal, without colour: `spam_head warning: text key=value`.
 *
 * @param source who said it
 * @param record the payload of a `log.*` event; whatever it really is, the line is bounded and printable
 * @example
 * ```ts
 * import { formatRecord } from "./logger.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const record = { message: "The loss rises", fields: { step: 12, why: "rate too high" } };
 * const line = formatRecord("spam_head", "warning", record);
 * assertEquals(line, 'spam_head warning: The loss rises step=12 why="rate too high"');
 * ```
 */
export function formatRecord(source: string, level: LogLevel, record: unknown): string {
  const { message, fields } = partsOf(record);
  const pairs = Object.entries(fields).map(([name, value]) =>
    `${name.replace(/[\s="]/g, "_")}=${shown(value)}`
  );
  const line = [`${printable(source, MAX_SOURCE)} ${level}: ${message}`, ...pairs].join(" ");
  return printable(line.replaceAll("\n", "\\n"), MAX_LINE);
}

function partsOf(record: unknown): LogRecord {
  try {
    const { message, fields } = record as { message: unknown; fields?: LogFields };
    return { message: textOf(message), fields: plainFields(fields ?? {}) };
  } catch {
    return { message: "(an unreadable record)", fields: {} };
  }
}

/** Bare if nobody could take it for something else. */
function shown(value: LogValue): string {
  if (typeof value === "number") return String(value); // JSON has no NaN
  const isBare = typeof value === "string" && /^[^\s="]+$/.test(value);
  return isBare ? value : JSON.stringify(value);
}

/** The compiler asks for a text, but a plugin may be written in JavaScript. */
function textOf(message: unknown): string {
  return printable(typeof message === "string" ? message : messageOf(message), MAX_MESSAGE);
}
