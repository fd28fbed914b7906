import { assertEquals, assertRejects } from "../../deps/assert.ts";
import { KBertError } from "../../wall/errors.ts";
import type { ServedCall } from "../../wall/options.ts";
import { environmentApi } from "./environment.ts";

const CALL: ServedCall = { method: "env.get", args: [], stream: false, signal: new AbortController().signal };

Deno.test("environmentApi() refuses every name but those that were granted, letter by letter", async (t) => {
  const api = environmentApi("x", ["GRANTED", "__proto__"]);
  for (
    const name of [
      "granted",
      "GRANTED ",
      "GRANTED\0",
      "HOME",
      "*",
      "GRANTED=1",
      "constructor",
      "ＧＲＡＮＴＥＤ",
    ]
  ) {
    await t.step(JSON.stringify(name), async () => {
      const get = async (): Promise<unknown> => await api["env.get"]([name], CALL);
      const error = await assertRejects(get, KBertError, "add it to permissions.env") as KBertError;
      assertEquals([error.code, (error.detail as { right: string }).right], ["capability/refused", "env"]);
    });
  }
});

Deno.test("environmentApi() names the flag if the host itself has no right to read the variable", async () => {
  const get = async (): Promise<unknown> =>
    await environmentApi("x", ["GREETING"])["env.get"](["GREETING"], CALL);

  await assertRejects(get, KBertError, "start it with --allow-env=GREETING");
});

Deno.test("environmentApi() answers the value, nothing for a variable that is not set", async () => {
  const module = new URL("./environment.ts", import.meta.url).href;
  const script = `
    import { environmentApi } from ${JSON.stringify(module)};
    const get = environmentApi("x", ["GREETING", "MISSING"])["env.get"];
    const answers = [await get(["GREETING"]), await get(["MISSING"]) ?? null];
    console.log(JSON.stringify(answers));`;
  await using folder = await temporaryFolder();
  await Deno.writeTextFile(`${folder.path}/script.js`, script);

  const { stdout, stderr } = await new Deno.Command("deno", {
    args: [
      ...["run", "--no-check", "--no-prompt", "--no-lock", "--allow-env=GREETING,MISSING"],
      `${folder.path}/script.js`,
    ],
    env: { GREETING: "ahoi", NO_COLOR: "1" },
  }).output();

  const [answer, problem] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  assertEquals([answer, problem], ['["ahoi",null]\n', ""]);
});

async function temporaryFolder(): Promise<{ readonly path: string } & AsyncDisposable> {
  const path = await Deno.makeTempDir({ prefix: "k-bert-" });
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}
