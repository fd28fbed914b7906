import {
  assert,
  assertEquals,
  assertLessOrEqual,
  assertMatch,
  assertStringIncludes,
} from "../deps/assert.ts";
import { createProgress, type Progress, type ProgressOptions, type ProgressState } from "./progress.ts";

const STATE: ProgressState = {
  step: 120,
  loss: 0.0931,
  accuracy: 0.96812,
  tokensPerSecond: 9119.6,
  secondsLeft: 61.2,
  pluginShare: 0.0138,
};
const FULL_LINE =
  "step 120/441  27%  loss 0.093  accuracy 0.968  9,120 tokens/s  plugin 1.4 % of step  1:02 left";

Deno.test("Progress.update() without a terminal writes the first line at once and then one every 3 s", () => {
  const { progress, written, clock } = start({ isTerminal: false });

  for (let step = 1; step <= 61; step++) {
    progress.update({ step });
    clock.now += 100;
  }

  assertEquals(written, ["step 1/441  0%\n", "step 31/441  7%\n", "step 61/441  13%\n"]);
});

Deno.test("Progress.update() writes every part of the state", () => {
  const { progress, written } = start({ isTerminal: false });

  progress.update({ ...STATE, note: "saved" });

  assertEquals(written, [`${FULL_LINE}  saved\n`]);
});

Deno.test("Progress.update() shows hours, and leaves out what is not finite", () => {
  const { progress, written } = start({ isTerminal: false });

  progress.update({ step: 441, loss: NaN, tokensPerSecond: Infinity, secondsLeft: 7384 });

  assertEquals(written, ["step 441/441  100%  2:03:04 left\n"]);
});

Deno.test("Progress.update() on a terminal rewrites one line, at most ten times a second", () => {
  const { progress, written, clock } = start({ isTerminal: true, columns: 60 });

  for (let step = 0; step < 1_000; step++) {
    progress.update({ step: step % 441 });
    clock.now += 1;
  }

  assertEquals(written.length, 10);
  assert(written.every((text) => text.startsWith("\r") && !text.includes("\n")));
});

Deno.test("Progress.update() on a terminal has a bar as long as the share of the steps", () => {
  const { progress, written } = start({ isTerminal: true, total: 10, columns: 80 });

  progress.update({ step: 5 });

  assertEquals(written, [`\r[${"#".repeat(12)}${"-".repeat(12)}]  5/10`]);
});

Deno.test("Progress.update() fits any width and drops the least important parts first", () => {
  for (let columns = 1; columns < 160; columns++) {
    const { progress, written } = start({ isTerminal: true, columns });
    progress.update(STATE);
    assertLessOrEqual(written[0]!.length - 1, Math.max(0, columns - 1));
  }

  const { progress, written } = start({ isTerminal: true, columns: 50 });
  progress.update(STATE);
  assertEquals(written, ["\r120/441  loss 0.093  acc 0.968  1:02 left"]);
});

Deno.test("Progress.update() has a bar and every figure on a terminal of 80 columns", () => {
  const { progress, written } = start({ isTerminal: true, columns: 80 });

  progress.update(STATE);

  assertEquals(written.length, 1);
  assertMatch(
    written[0]!,
    /^\r\[#+-+\] {2}120\/441 {2}loss 0\.093 {2}acc 0\.968 {2}9,120 tok\/s {2}plugin 1\.4% {2}1:02 left$/,
  );
});

Deno.test("Progress.update() leaves nothing of a longer line behind", () => {
  const { progress, written, clock } = start({ isTerminal: true, columns: 40 });

  progress.update({ step: 120, loss: 0.5 });
  clock.now += 1_000;
  progress.update({ step: 121 });

  assertEquals(written[1]!.length, Math.max(...written.map((text) => text.length)));
});

Deno.test("Progress.note() writes its line above the one that is rewritten", () => {
  const { progress, written } = start({ isTerminal: true, columns: 30 });

  progress.note("before");
  progress.update({ step: 1 });
  progress.note("saved");

  assertEquals(written, [
    "before\n",
    "\r[--------------------]  1/441",
    "\rsaved                        ",
    "\n",
    "\r[--------------------]  1/441",
  ]);
});

Deno.test("Progress takes control characters out of notes", () => {
  const { progress, written } = start({ isTerminal: false });

  progress.note("a\x1b[2Jb\r\nc\u202ed");
  progress.update({ step: 1, note: "x\x07y" });

  assertEquals(written, ["a [2Jb  c d\n", "step 1/441  0%  x y\n"]);
});

Deno.test("Progress.finish() writes the last state once, and nothing after it", () => {
  for (const isTerminal of [true, false]) {
    const { progress, written } = start({ isTerminal, columns: 40 });
    progress.update({ step: 440 });
    progress.update({ step: 441 });

    progress.finish();
    const count = written.length;
    progress.finish();
    progress.note("late");
    progress.update({ step: 1 });

    assertEquals(written.length, count);
    assertStringIncludes(written.join(""), isTerminal ? "]  441/441" : "step 441/441  100%");
    assert(written.at(-1)!.endsWith("\n"));
  }
});

Deno.test("Progress.finish() without a step writes nothing", () => {
  const { progress, written } = start({ isTerminal: true });

  progress.finish();

  assertEquals(written, []);
});

function start(
  options: Partial<ProgressOptions> & { isTerminal: boolean },
): { progress: Progress; written: string[]; clock: { now: number } } {
  const written: string[] = [];
  const clock = { now: 0 };
  const progress = createProgress({
    total: 441,
    write: (text) => void written.push(text),
    now: () => clock.now,
    ...options,
  });
  return { progress, written, clock };
}
