import { assert, assertEquals, assertRejects } from "@std/assert";
import { TranslationError } from "./libre_translate.ts";
import { type Patience, PatientTranslator, REAL_CLOCK } from "./patient_translator.ts";

const PATIENCE: Patience = {
  ...{ attempts: 3, timeoutMs: 1_000, baseMs: 0, longestWaitMs: 5_000, failuresToPause: 2, pauseMs: 60_000 },
};

/** A server that fails in these ways, one after the other, then works; its time passes only while waiting. */
class Script {
  time = 0;
  readonly waits: number[] = [];
  /** How long each request might have taken. */
  readonly timeouts: number[] = [];
  readonly translator: PatientTranslator;

  constructor(readonly failures: unknown[], patience: Partial<Patience> = {}, takesMs = 0) {
    const translate = (texts: readonly string[], { timeoutMs }: { timeoutMs: number }): Promise<string[]> => {
      this.timeouts.push(timeoutMs);
      this.time += Math.min(takesMs, timeoutMs);
      const failure = this.failures.shift();
      return failure ? Promise.reject(failure) : Promise.resolve(texts.map((text) => text.toUpperCase()));
    };
    this.translator = new PatientTranslator({ translate }, { ...PATIENCE, ...patience }, {
      now: () => this.time,
      wait: (milliseconds) => {
        this.waits.push(milliseconds);
        this.time += milliseconds;
        return Promise.resolve();
      },
    });
  }

  async ask(deadline = Infinity, signal?: AbortSignal): Promise<string> {
    const [text] = await this.translator.translate(["ham"], { from: "en", to: "fr", deadline, signal });
    return text!;
  }

  async fail(deadline?: number): Promise<string> {
    return (await assertRejects(() => this.ask(deadline), TranslationError)).message;
  }
}

function busy(retryAfterMs = 0): TranslationError {
  return new TranslationError("busy", { isRetryable: true, retryAfterMs });
}

function wrong(): TranslationError {
  return new TranslationError("wrong", { isRetryable: false });
}

Deno.test("PatientTranslator tries again as often as it may, and only where that can help", async () => {
  const twice = new Script([busy(), busy()]);
  assertEquals([await twice.ask(), twice.timeouts.length], ["HAM", 3]);

  const always = new Script([busy(), busy(), busy(), busy()]);
  assertEquals([await always.fail(), always.timeouts.length], ["busy", 3]);

  const once = new Script([wrong()]);
  assertEquals([await once.fail(), once.timeouts.length], ["wrong", 1]);
});

Deno.test("PatientTranslator waits as long as the server asks, if that is not too long", async () => {
  const script = new Script([busy(3_000), busy(5_000)]);

  assertEquals([await script.ask(), script.waits], ["HAM", [3_000, 5_000]]);
});

Deno.test("PatientTranslator waits a random part of twice as long each time, up to its longest wait", async () => {
  const longest = [0, 0, 0, 0];
  for (let times = 0; times < 200; times++) {
    const script = new Script(Array.from({ length: 4 }, () => busy()), {
      ...{ attempts: 5, baseMs: 100, longestWaitMs: 300 },
    });
    await script.ask();
    for (const [index, wait] of script.waits.entries()) longest[index] = Math.max(longest[index]!, wait);
  }

  // Of 200 uniform numbers, that none is in the upper tenth has a chance of 1 in 1.4 billion.
  for (const [index, most] of [100, 200, 300, 300].entries()) {
    assert(longest[index]! > 0.9 * most && longest[index]! <= most, `${longest}`);
  }
});

Deno.test("PatientTranslator leaves a server alone that asks for more patience than it has", async () => {
  const script = new Script([busy(7_000)]);

  assertEquals([await script.fail(), script.timeouts.length], ["busy", 1]);
  script.time += 1_500;
  assertEquals(await script.fail(), "The translation server failed, and is left alone for another 6 s");
  script.time += 5_500;
  assertEquals([await script.ask(), script.timeouts.length], ["HAM", 2]);
});

Deno.test("PatientTranslator waits for no server longer than an hour", async () => {
  const script = new Script([busy(1e9)]);
  await script.fail();

  script.time += 3_600_000;

  assertEquals(await script.ask(), "HAM");
});

Deno.test("PatientTranslator asks no more after failures in a row, until the pause is over", async () => {
  const script = new Script([wrong(), wrong(), wrong()]);
  await script.fail();
  await script.fail();

  assertEquals(await script.fail(), "The translation server failed, and is left alone for another 60 s");
  assertEquals(script.timeouts.length, 2);
  script.time += 60_000;
  assertEquals(await script.fail(), "wrong"); // one may try
  assert((await script.fail()).includes("left alone"));
  script.time += 60_000;
  assertEquals([await script.ask(), await script.ask(), script.timeouts.length], ["HAM", "HAM", 5]);
});

Deno.test("PatientTranslator gives no request more time than is left, and asks nothing after the deadline", async () => {
  const slow = new Script([busy(), busy(), busy()], {}, 400);

  assertEquals([await slow.fail(900), slow.timeouts], ["busy", [900, 500, 100]]);
  assertEquals(slow.time, 900);
  assertEquals(await slow.fail(900), "There is no time left for translations in this call");
  assertEquals(slow.timeouts.length, 3);
});

Deno.test("PatientTranslator does not wait beyond the deadline", async () => {
  const script = new Script([busy(3_000)]);

  assertEquals([await script.fail(2_000), script.waits], ["busy", []]);
});

Deno.test("PatientTranslator ends with its signal, and holds nothing against the server", async () => {
  const reason = new Error("enough");
  const script = new Script([busy(), busy(), busy()], { failuresToPause: 1 });
  const ask = (): Promise<string> => script.ask(Infinity, AbortSignal.abort(reason));

  assertEquals(await assertRejects(ask, Error), reason);
  assertEquals(await script.ask(), "HAM");
});

Deno.test("REAL_CLOCK waits until its time is over or its signal aborts, and leaves no timer", async () => {
  const start = REAL_CLOCK.now();
  await REAL_CLOCK.wait(5, new AbortController().signal);
  const controller = new AbortController();
  const waiting = REAL_CLOCK.wait(1e6, controller.signal);
  controller.abort(new Error("enough"));

  await assertRejects(() => waiting, Error, "enough");
  await assertRejects(() => REAL_CLOCK.wait(1e6, controller.signal), Error, "enough");
  assert(REAL_CLOCK.now() > start);
});
