import { assertEquals, assertThrows } from "@std/assert";
import { readEvents } from "./event_file_reader.ts";
import type { Moment } from "./log_format.ts";
import { scalarsRecord, TENSORBOARD } from "./tensorboard.ts";

function momentOf(step: number, figures: Moment["figures"]): Moment {
  return { name: "epoch_end", timeMs: 1_769_860_800_250, epoch: 0, step, figures };
}

Deno.test("TENSORBOARD.header() begins a file as all event files begin", () => {
  const header = TENSORBOARD.header(1_769_860_800_250);

  // The length, 24, and its masked sum; then wall_time, which is field 1 in the form of a double.
  assertEquals([...header.subarray(0, 13)], [24, 0, 0, 0, 0, 0, 0, 0, 0xa3, 0x7f, 0x4b, 0x22, 0x09]);
  const wallTime = 1_769_860_800.25;
  assertEquals(readEvents(header), [{ wallTime, step: 0, fileVersion: "brain.Event:2", scalars: {} }]);
});

Deno.test("scalarsRecord() is read as one event with the figures, each behind the name of its moment", () => {
  const events = readEvents(scalarsRecord(momentOf(12, { loss: 0.5, "größe": -2, accuracy: 0.1 })));

  const wallTime = 1_769_860_800.25;
  const scalars = {
    "epoch_end/loss": 0.5,
    "epoch_end/größe": -2,
    "epoch_end/accuracy": Math.fround(0.1),
  };
  assertEquals(events, [{ wallTime, step: 12, scalars }]);
});

Deno.test("scalarsRecord() writes steps of any size that a number can count to", () => {
  const steps = [0, 1, 127, 128, 300, 2 ** 31, 2 ** 32 + 5, Number.MAX_SAFE_INTEGER];

  const read = steps.map((step) => readEvents(scalarsRecord(momentOf(step, {})))[0]?.step);

  assertEquals(read, steps);
});

Deno.test("scalarsRecord() writes NaN and infinity as they are", () => {
  const [event] = readEvents(scalarsRecord(momentOf(1, { a: NaN, b: Infinity, c: -Infinity })));

  assertEquals(Object.values(event!.scalars), [NaN, Infinity, -Infinity]);
});

Deno.test("scalarsRecord() has records that take more than one byte to count", () => {
  const figures = Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`figure_${index}`, index]));

  const [event] = readEvents(scalarsRecord(momentOf(1, figures)));

  assertEquals(event?.scalars["epoch_end/figure_39"], 39);
  assertEquals(Object.keys(event!.scalars).length, 40);
});

Deno.test("the sums of a record are about every bit of it", () => {
  const record = scalarsRecord(momentOf(3, { loss: 1 }));

  for (let index = 0; index < record.length; index++) {
    for (let bit = 0; bit < 8; bit++) {
      const broken = record.with(index, record[index]! ^ (1 << bit));
      assertThrows(() => readEvents(broken), Error);
    }
  }
});

Deno.test("TENSORBOARD has names of files that are in the order of the files", () => {
  const names = [0, 1, 2, 10, 99_999].map((part) => TENSORBOARD.fileName(1_769_860_800_250, part));

  assertEquals(names.slice(0, 2), [
    "events.out.tfevents.1769860800.kbert",
    "events.out.tfevents.1769860800.kbert.00001",
  ]);
  assertEquals(names.toSorted(), names);
});
