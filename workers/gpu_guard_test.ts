import { assertEquals } from "../core/deps/assert.ts";

/** Whether there is an adapter here, a software one too. */
const hasAdapter = await navigator.gpu?.requestAdapter() ? true : false;

/** In a process of its own: without the guard it would take this one along. */
async function runWithDevice(script: string): Promise<{ code: number; output: string }> {
  const path = await Deno.makeTempFile({ prefix: "k-bert-", suffix: ".ts" });
  const guard = new URL("./gpu_guard.ts", import.meta.url).href;
  try {
    await Deno.writeTextFile(
      path,
      `import { guardMappedRange } from ${JSON.stringify(guard)};
      const device = await (await navigator.gpu.requestAdapter())!.requestDevice();
      const buffer = device.createBuffer({ size: 16, usage: GPUBufferUsage.MAP_READ });
      const attempt = (run: () => unknown) => { try { return String(run()); } catch ({ name }) { return name; } };
      ${script}`,
    );
    const { code, stdout } = await new Deno.Command("deno", {
      args: ["run", "--no-check", "--no-lock", "--no-prompt", path],
      env: { NO_COLOR: "1" },
    }).output();
    return { code, output: new TextDecoder().decode(stdout).trim() };
  } finally {
    await Deno.remove(path);
  }
}

Deno.test({
  name: "getMappedRange() of a buffer that was never mapped ends Deno (the reason for the guard)",
  ignore: !hasAdapter,
  async fn(): Promise<void> {
    const { code, output } = await runWithDevice(
      `buffer.mapAsync(1); buffer.getMappedRange(); console.log("still here");`,
    );

    assertEquals([code === 0, output], [false, ""]);
  },
});

Deno.test({
  name: "guardMappedRange() makes that an error, whatever a plugin puts in the way, and leaves the rest",
  ignore: !hasAdapter,
  async fn(): Promise<void> {
    const { code, output } = await runWithDevice(`
      guardMappedRange();
      Object.defineProperty(buffer, "mapState", { value: "mapped" });
      Object.defineProperty(GPUBuffer.prototype, "mapState", { get: () => "mapped" });
      const replace = () => Object.defineProperty(GPUBuffer.prototype, "getMappedRange", { value: null });
      const mapped = buffer.mapAsync(1);
      const answers = [
        attempt(() => buffer.getMappedRange()),
        attempt(() => GPUBuffer.prototype.getMappedRange.call({})),
        attempt(replace),
      ];
      await mapped;
      answers.push(attempt(() => buffer.getMappedRange().byteLength));
      console.log(answers.join(" "));`);

    assertEquals([code, output], [0, "TypeError TypeError TypeError 16"]);
  },
});
