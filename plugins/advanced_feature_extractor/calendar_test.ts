import { assertEquals, assertThrows } from "@std/assert";
import { aq } from "k-bert/sdk/tables";
import { calendarOf } from "./calendar.ts";
import { FeatureExtractionError } from "./extraction_error.ts";

Deno.test("calendarOf() has the days of the calendar, whatever time is behind the date", () => {
  // 1970 began on a Thursday, 1600 on a Saturday, and the 15th of March 44 was a Tuesday (proleptic
  // Gregorian).
  const day = ["1970-01-01T23:59:59-08:00", "1600-01-01", "0044-03-15", "2024-12-31 00:00"];

  const { day_of_week, month } = calendarOf(aq.table({ day }), "day");

  assertEquals(day_of_week, Int32Array.of(3, 5, 1, 1));
  assertEquals(month, Int32Array.of(1, 1, 3, 12));
});

Deno.test("calendarOf() has null where a date is missing", () => {
  const { day_of_week, month } = calendarOf(aq.table({ day: [null, "2024-12-31"] }), "day");

  assertEquals([day_of_week, month], [[null, 1], [null, 12]]);
});

Deno.test("calendarOf() refuses what is no date, with the row", () => {
  for (const wrong of ["2023-02-29", "2024-13-01", "2024-00-10", "2024-1-1", "14.10.2008", "", 20_241_231]) {
    const data = aq.table({ day: ["2024-12-31", wrong] });

    assertThrows(() => calendarOf(data, "day"), FeatureExtractionError, `${JSON.stringify(wrong)} in row 2`);
  }
});
