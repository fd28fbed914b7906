import { activePlugin, delivered, hang } from "../../tests/fixtures/fake_plugin.ts";
import { fakeTime } from "../../core/deps/fake_timers.ts";
import { assertEquals, assertRejects, assertStringIncludes } from "../deps/assert.ts";
import { KBertError } from "../wall/errors.ts";
import { MemoryWatch } from "./memory_watch.ts";

/** A program whose memory the test says, and plugins in it that hold, or say nothing. */
class Program implements Disposable {
  residentMb = 100;
  readonly said: string[] = [];
  readonly watch = new MemoryWatch(() => this.residentMb);
  readonly #clock = fakeTime();

  /** @param holds what it answers; undefined for one that says nothing in time */
  add(
    name: string,
    holds: () => number | undefined,
    { memoryMb = 1_000, heldObjectsMb = 0 } = {},
  ): Disposable {
    const end = (how: string): void => {
      this.said.push(`${name} ${how}`);
      watched[Symbol.dispose](); // as a plugin's run does
    };
    const watched = this.watch.add({
      limits: { heapMb: 1_000, memoryMb },
      holds: (timeoutMs) => {
        this.said.push(`${name} is asked`);
        const answer = holds();
        if (answer !== undefined) return Promise.resolve({ heapMb: heldObjectsMb, memoryMb: answer });
        return new Promise((resolve) => void setTimeout(resolve, timeoutMs, undefined));
      },
      onOver: (what, mb) => end(what === "heapMb" ? `holds objects of ${mb}` : `holds ${mb}`),
      onSilent: (mb) => end(`is silent, at ${mb}`),
    });
    return watched;
  }

  /** Looks, waits for answers, and looks again: ten times in a second. */
  async pass(ms: number, eachMs: () => void = () => {}): Promise<void> {
    for (let at = 0; at < ms; at += 5) {
      eachMs();
      await this.#clock.tickAsync(5);
    }
  }

  [Symbol.dispose](): void {
    this.watch[Symbol.dispose]();
    const left = this.#clock.countTimers();
    this.#clock[Symbol.dispose]();
    assertEquals(left, 0, "timers are left");
  }
}

Deno.test("MemoryWatch asks nobody as long as the program has not grown by what a plugin may take", async () => {
  using program = new Program();
  program.add("a", () => 5_000);

  await program.pass(200, () => program.residentMb = 1_100);

  assertEquals(program.said, []);
});

Deno.test("MemoryWatch ends the plugin that holds too much, and no other", async () => {
  using program = new Program();
  program.add("innocent", () => 10);
  using _bomb = program.add("bomb", () => 1_001);

  await program.pass(25, () => program.residentMb = 1_101);

  assertEquals(program.said, ["innocent is asked", "bomb is asked", "bomb holds 1001"]);
});

Deno.test("MemoryWatch ends the plugin whose objects alone are too many", async () => {
  using program = new Program();
  program.add("objects", () => 1_500, { memoryMb: 2_000, heldObjectsMb: 1_001 });

  await program.pass(25, () => program.residentMb = 1_101);

  assertEquals(program.said, ["objects is asked", "objects holds objects of 1001"]);
});

Deno.test("MemoryWatch takes growth of the program itself for what it is, and asks only after as much again", async () => {
  using program = new Program();
  program.add("innocent", () => 999);

  await program.pass(500, () => program.residentMb = 1_101);
  assertEquals(program.said, ["innocent is asked"]);
  await program.pass(500, () => program.residentMb = 2_102);
  assertEquals(program.said, ["innocent is asked", "innocent is asked"]);
});

Deno.test("MemoryWatch gives up who says nothing twice while the memory grows", async () => {
  using program = new Program();
  program.add("silent", () => undefined);
  program.residentMb = 1_200;

  await program.pass(1_000, () => program.residentMb += 10);

  const said = program.said.map((line) => line.replace(/\d+$/, "N"));
  assertEquals(said, ["silent is asked", "silent is asked", "silent is silent, at N"]);
});

Deno.test("MemoryWatch leaves a plugin alone that computes for long while the memory stays what it is", async () => {
  using program = new Program();
  program.add("busy", () => undefined);
  program.residentMb = 1_200;

  await program.pass(3_000);
  program.residentMb = 100;
  await program.pass(300); // the last question ends

  assertEquals(new Set(program.said), new Set(["busy is asked"]));
});

Deno.test("MemoryWatch has no timer when nothing is watched", () => {
  using clock = fakeTime();
  using watch = new MemoryWatch(() => 0);
  const none = { heapMb: 0, memoryMb: 0 };
  const watched = {
    ...{ limits: { heapMb: 1, memoryMb: 1 }, holds: () => Promise.resolve(none) },
    ...{ onOver: () => {}, onSilent: () => {} },
  };

  const one = watch.add(watched);
  assertEquals(clock.countTimers(), 1);
  one[Symbol.dispose]();
  one[Symbol.dispose]();

  assertEquals(clock.countTimers(), 0);
});

Deno.test("a plugin in a worker that holds more than memoryMb is ended, and its calls say limit and value", async () => {
  using clock = fakeTime();
  let residentMb = 0;
  using memory = new MemoryWatch(() => residentMb);
  await using fake = await activePlugin({
    methods: { slow: hang, $memory: () => ({ heapMb: 20, memoryMb: 300 }) },
    limits: { memoryMb: 256 },
    memory,
  });

  const ended = assertRejects(() => fake.plugin.call("slow", []), KBertError);
  residentMb = 257;
  await clock.tickAsync(25);
  await delivered();

  const { code, message } = await ended;
  assertEquals([code, fake.plugin.state], ["plugin/closed", "failed"]);
  assertStringIncludes(message, "it holds 300 MiB of memory, and the limit is 256 (limits.memoryMb)");
});

Deno.test("a plugin in a worker whose objects take more than heapMb is ended, and its calls say limit and value", async () => {
  using clock = fakeTime();
  let residentMb = 0;
  using memory = new MemoryWatch(() => residentMb);
  await using fake = await activePlugin({
    methods: { slow: hang, $memory: () => ({ heapMb: 130, memoryMb: 140 }) },
    limits: { heapMb: 128, memoryMb: 256 },
    memory,
  });

  const ended = assertRejects(() => fake.plugin.call("slow", []), KBertError);
  residentMb = 135;
  await clock.tickAsync(25);
  await delivered();

  const { message } = await ended;
  assertStringIncludes(message, "it holds 130 MiB of objects, and the limit is 128 (limits.heapMb)");
});

Deno.test("a plugin in a worker that says nothing while the memory grows is quarantined, and its calls end", async () => {
  using clock = fakeTime();
  let residentMb = 0;
  using memory = new MemoryWatch(() => residentMb);
  await using fake = await activePlugin({
    methods: { slow: hang, $memory: hang },
    limits: { memoryMb: 256 },
    memory,
  });

  const ended = assertRejects(() => fake.plugin.call("slow", []), KBertError);
  for (let look = 0; look < 24; look++) {
    residentMb += 100;
    await clock.tickAsync(25);
    await delivered();
  }

  const { code, message } = await ended;
  assertEquals([code, fake.plugin.state], ["plugin/quarantined", "quarantined"]);
  assertStringIncludes(message, "it does nothing any more while this program grew by");
  assertStringIncludes(message, "the limit is 256 (limits.memoryMb)");
  assertStringIncludes(message, 'load it with tier: "process"');
});
