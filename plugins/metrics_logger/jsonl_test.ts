import { assertEquals } from "@std/assert";
import { JSONL, jsonLine } from "./jsonl.ts";

Deno.test("jsonLine() writes what is not finite as null, and names it", () => {
  const figures = { loss: NaN, gradient_norm: Infinity, accuracy: 0.5, learning_rate: -Infinity };

  const line = jsonLine({ name: "batch_end", timeMs: 1_769_860_800_250, epoch: 2, step: 7, figures });

  assertEquals(JSON.parse(line), {
    time: "2026-01-31T12:00:00.250Z",
    moment: "batch_end",
    epoch: 2,
    step: 7,
    logs: { loss: null, gradient_norm: null, accuracy: 0.5, learning_rate: null },
    not_finite: ["loss", "gradient_norm", "learning_rate"],
  });
});

Deno.test("jsonLine() says nothing of what is not finite where everything is", () => {
  const line = jsonLine({ name: "train_begin", timeMs: 0, epoch: 0, step: 0, figures: {} });

  assertEquals("not_finite" in JSON.parse(line), false);
});

Deno.test("JSONL is one line for each moment, whatever names the figures have", () => {
  const figures = { "a\nb": 1, 'c"d': 2 };

  const text = new TextDecoder().decode(
    JSONL.encode({ name: "epoch_end", timeMs: 0, epoch: 0, step: 0, figures }),
  );

  assertEquals(text.split("\n").length, 2);
  assertEquals(JSON.parse(text).logs, figures);
});

Deno.test("JSONL has names of files that are in the order of the files", () => {
  const names = [0, 1, 2, 10, 99_999].map((part) => JSONL.fileName(1_769_860_800_250, part));

  assertEquals(names[0], "metrics.1769860800.00000.jsonl");
  assertEquals(names.toSorted(), names);
});
