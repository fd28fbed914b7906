import { assertEquals, assertRejects } from "../deps/assert.ts";
import { fakeRunPlugin } from "../../tests/fixtures/run_plugin.ts";
import { KBertError } from "../wall/errors.ts";
import type { RunPlugin } from "./run_plugin.ts";
import { SecondChance, withSecondChance } from "./second_chance.ts";

/** A plugin whose code is named, and that can go back to "old". */
class Edited {
  code = "old";
  /** Why it went back. */
  readonly reasons: string[] = [];
  canGoBack = true;
  /** What the code does in a call. */
  readonly does: Record<string, () => number> = {
    old: () => 1,
    new: () => 2,
    broken: () => {
      throw new KBertError("call/failed", "a slip", { plugin: "edited", method: "work" });
    },
    gone: () => {
      throw new KBertError("plugin/closed", "it crashed", { plugin: "edited", reason: "crash" });
    },
  };

  get plugin(): RunPlugin {
    const { code, work } = { code: () => this.code, work: () => this.does[this.code]!() };
    return {
      ...fakeRunPlugin("edited", { work }),
      get image() {
        return { sha256: code() } as RunPlugin["image"];
      },
      rollback: (reason) => {
        if (!this.canGoBack) return Promise.resolve(false);
        this.reasons.push(reason);
        this.code = "old";
        return Promise.resolve(true);
      },
    };
  }
}

Deno.test("SecondChance goes back to the version before when new code fails, and asks again", async () => {
  const edited = new Edited();
  const plugin = withSecondChance(edited.plugin);
  assertEquals(await plugin.call("work", []), 1);

  edited.code = "broken";

  assertEquals(await plugin.call("work", []), 1);
  assertEquals([edited.code, edited.reasons], ["old", ["its new code failed: a slip"]]);
});

Deno.test("SecondChance is there for ten calls of new code, and not for one that has proved itself", async () => {
  for (const [successes, answer] of [[9, "answered"], [10, "failed"]] as const) {
    const edited = new Edited();
    const plugin = withSecondChance(edited.plugin);
    edited.code = "new";
    for (let call = 0; call < successes; call++) assertEquals(await plugin.call("work", []), 2);

    edited.does["new"] = edited.does["broken"]!;

    const outcome = await plugin.call("work", []).then(() => "answered", () => "failed");
    assertEquals([outcome, edited.reasons.length], [answer, answer === "answered" ? 1 : 0]);
  }
});

Deno.test("SecondChance gives each new code ten calls of its own", async () => {
  const edited = new Edited();
  const plugin = withSecondChance(edited.plugin);
  edited.code = "new";
  for (let call = 0; call < 9; call++) await plugin.call("work", []);
  edited.does["newer"] = () => 3;
  edited.code = "newer";
  for (let call = 0; call < 9; call++) assertEquals(await plugin.call("work", []), 3);

  edited.does["newer"] = edited.does["broken"]!;

  assertEquals(await plugin.call("work", []), 1);
});

Deno.test("SecondChance lets code fail that was there from the beginning", async () => {
  const edited = new Edited();
  edited.code = "broken";
  const plugin = withSecondChance(edited.plugin);

  await assertRejects(() => plugin.call("work", []), KBertError, "a slip");
  assertEquals(edited.reasons, []);
});

Deno.test("SecondChance asks again without going back where a crash has brought the version before", async () => {
  const edited = new Edited();
  edited.canGoBack = false;
  const chance = new SecondChance(edited.plugin);
  edited.code = "gone";
  let asked = 0;

  const result = await chance.take(() => {
    asked++;
    return edited.plugin.call("work", []);
  }, () => {
    edited.code = "old"; // as its manager does meanwhile
    return Promise.resolve();
  });

  assertEquals([result, asked], [1, 2]);
});

Deno.test("SecondChance lets the first error through if nothing can be gone back to, or it cannot be prepared", async () => {
  const edited = new Edited();
  const chance = new SecondChance(edited.plugin);
  edited.code = "broken";
  const work = (): Promise<unknown> => edited.plugin.call("work", []);

  edited.canGoBack = false;
  await assertRejects(() => chance.take(work), KBertError, "a slip");

  edited.canGoBack = true;
  const vain = (): Promise<void> => Promise.reject(new Error("the encoder has moved"));
  await assertRejects(() => chance.take(work, vain), KBertError, "a slip");
});

Deno.test("SecondChance does not ask a third time", async () => {
  const edited = new Edited();
  const plugin = withSecondChance(edited.plugin);
  edited.code = "broken";
  edited.does["old"] = edited.does["broken"]!;

  await assertRejects(() => plugin.call("work", []), KBertError, "a slip");
  assertEquals(edited.reasons.length, 1);
});
