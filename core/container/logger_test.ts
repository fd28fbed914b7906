import { assert, assertEquals } from "../deps/assert.ts";
import { formatRecord, Logger, type LogLevel, type LogRecord } from "./logger.ts";
import type { EventSink } from "./sink.ts";

/** A sink that remembers. */
class Posted implements EventSink {
  readonly topics: string[] = [];
  readonly records: LogRecord[] = [];

  post(topic: string, payload: unknown): void {
    this.topics.push(topic);
    this.records.push(payload as LogRecord);
  }
}

Deno.test("Logger posts each level under its own topic", () => {
  const posted = new Posted();
  const logger = new Logger(posted, { level: "debug" });

  for (const level of ["debug", "info", "warning", "error"] as const) logger[level](`It is ${level}`);

  assertEquals(posted.topics, ["log.debug", "log.info", "log.warning", "log.error"]);
  assertEquals(posted.records[2], { message: "It is warning", fields: {} });
});

Deno.test("Logger does not even look at what is below its level", () => {
  const posted = new Posted();
  const logger = new Logger(posted, { level: "warning" });
  let reads = 0;
  const fields = {
    get costly(): number {
      return ++reads;
    },
  };

  logger.info("Nobody wants to know", fields);
  logger.with({}).debug("Nor this", fields);
  logger.warning("But this", fields);

  assertEquals([posted.topics, reads], [["log.warning"], 1]);
});

Deno.test("Logger.with() adds fields and keeps those and the level of its logger", () => {
  const posted = new Posted();
  const logger = new Logger(posted, { level: "debug", fields: { run: "spam", step: 0 } });
  const changing = { step: 1 };

  const stepping = logger.with(changing);
  changing.step = 2;
  stepping.debug("One", { loss: 0.5 });
  logger.info("Two");

  assertEquals(posted.records.map(({ fields }) => fields), [
    { run: "spam", step: 1, loss: 0.5 },
    { run: "spam", step: 0 },
  ]);
});

Deno.test("Logger posts messages that are bounded and printable", () => {
  const posted = new Posted();
  const logger = new Logger(posted);

  logger.info("\u001b[2J".repeat(100_000));
  logger.error(new RangeError("too far") as unknown as string);

  const [long, odd] = posted.records.map(({ message }) => message);
  assert(long!.length === 8_192 && long!.startsWith("\\u001b[2J"));
  assertEquals(odd, "too far");
});

Deno.test("Logger does not throw when its sink does", () => {
  const logger = new Logger({
    post: () => {
      throw new Error("The bus is gone");
    },
  });

  logger.error("Nobody hears this");
});

Deno.test("Logger takes known levels only, for the compiler", () => {
  // @ts-expect-error: the level is called warning
  const level: LogLevel = "warn";
  // @ts-expect-error: a sink posts
  const logger = new Logger({}, { level });

  assertEquals([typeof logger, level], ["object", "warn"]);
});

Deno.test("formatRecord() writes fields so that each can be told from the next", () => {
  const fields = {
    step: 12,
    nan: NaN,
    rate: "too high",
    empty: "",
    quote: 'a"b',
    shape: [8, 768],
    error: { name: "E" },
    "odd name=": true,
  };

  const line = formatRecord("spam_head", "warning", { message: "text", fields });

  assertEquals(
    line,
    'spam_head warning: text step=12 nan=NaN rate="too high" empty="" quote="a\\"b" shape=[8,768] ' +
      'error={"name":"E"} odd_name_=true',
  );
});

Deno.test("formatRecord() makes one bounded, printable line of whatever arrives", async (t) => {
  const records: Record<string, unknown> = {
    "escape codes": { message: "\u001b[2J\u202e", fields: { "\u0007": "\u009b" } },
    "line breaks": { message: "one\ntwo\r\nthree", fields: { "a\nb": "c\nd" } },
    "too much": {
      message: "\n".repeat(1_000_000),
      fields: Object.fromEntries(Array.from({ length: 32 }, (_, index) => [index, "x".repeat(10_000)])),
    },
    "no record": null,
    "another record": { message: { a: 1 }, fields: 5 },
    "no fields": { message: "alone" },
    "a getter that throws": {
      get message(): never {
        throw new Error("no");
      },
    },
  };
  for (const [what, record] of Object.entries(records)) {
    await t.step(what, () => {
      const line = formatRecord("a\u0007\nb", "info", record);

      // deno-lint-ignore no-control-regex -- what must not get through
      assert(!/[\u0000-\u001f\u007f-\u009f\u202e]/.test(line), line.slice(0, 200));
      assert(line.startsWith("a\\u0007\\nb info: ") && line.length <= 16_384);
    });
  }
});
