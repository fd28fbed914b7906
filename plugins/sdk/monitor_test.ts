import { assertEquals } from "../../core/deps/assert.ts";
import { Monitor } from "./monitor.ts";

Deno.test("Monitor minimizes what measures mistakes by the end of its name, and maximizes everything else", () => {
  const byName = {
    min: ["loss", "val_loss", "val_error", "mae", "val_mse", "rmse", "val_RMSE", "perplexity", "TrainLoss"],
    max: ["accuracy", "val_f1", "loss_ratio", "errors_found", "val_pearson", "msecs", ""],
  };

  for (const [direction, names] of Object.entries(byName)) {
    for (const monitor of names) assertEquals(new Monitor({ monitor }).direction, direction, monitor);
  }
});

Deno.test("Monitor takes the direction that it is told over that of the name", () => {
  assertEquals(new Monitor({ monitor: "val_loss", mode: "max" }).direction, "max");
  assertEquals(new Monitor({ monitor: "accuracy", mode: "min" }).direction, "min");
  assertEquals(new Monitor({ monitor: "val_loss", mode: "auto" }).direction, "min");
});

// All in quarters and eighths, which have no rounding.
const COMPARED: readonly (readonly [
  monitor: string,
  min_delta: number,
  value: number,
  best: number | undefined,
  isBetter: boolean,
])[] = [
  ["loss", 0.25, 0.5, 0.75, false], // by exactly min_delta
  ["loss", 0.25, 0.375, 0.75, true],
  ["loss", 0.25, 0.75, 0.75, false],
  ["loss", 0, 0.75, 0.75, false],
  ["loss", 0, 0.625, 0.75, true],
  ["f1", 0.25, 0.75, 0.5, false],
  ["f1", 0.25, 0.875, 0.5, true],
  ["f1", 0, 0.5, 0.5, false],
  ["f1", 0.25, 0.25, 0.5, false],
  ["loss", 0.25, 1_000, undefined, true], // there is nothing to be better than
  ["loss", 0.25, NaN, undefined, false],
  ["loss", 0, Infinity, undefined, false],
  ["loss", 0, -Infinity, 0.5, false],
  ["f1", 0, Infinity, 0.5, false],
  ["f1", 0, NaN, 0.5, false],
];

for (const [monitor, min_delta, value, best, isBetter] of COMPARED) {
  const verdict = isBetter ? "is" : "is not";
  Deno.test(`Monitor.isBetter(): ${monitor} ${value} ${verdict} better than ${best} with min_delta ${min_delta}`, () => {
    assertEquals(new Monitor({ monitor, min_delta }).isBetter(value, best), isBetter);
  });
}

Deno.test("Monitor.read() answers what was measured, NaN too, and undefined for what was not", () => {
  const monitor = new Monitor({ monitor: "val_loss" });

  assertEquals([monitor.read({ val_loss: NaN }), monitor.read({ val_loss: 0 })], [NaN, 0]);
  assertEquals(monitor.read({ loss: 1 }), undefined);
  assertEquals(new Monitor({ monitor: "toString" }).read({}), undefined);
});

Deno.test("Monitor.notFoundIn() says what is missing and what is there", () => {
  const monitor = new Monitor({ monitor: "val_f1" });

  const sentences = [monitor.notFoundIn({ loss: 1, accuracy: 0.5 }), monitor.notFoundIn({})];

  assertEquals(sentences, [
    "Monitor metric 'val_f1' not found in logs, which have loss, accuracy",
    "Monitor metric 'val_f1' not found in logs, which have nothing",
  ]);
});
