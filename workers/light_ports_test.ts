import { assertEquals, assertRejects } from "../core/deps/assert.ts";
import type { ServedCall } from "../core/wall/options.ts";
import type { WireValue } from "../core/wall/values.ts";
import { type AugmentContext, AugmenterPort } from "../plugins/sdk/augmenter.ts";
import { CallbackPort, type CallbackWishes, type Logs, type TrainerState } from "../plugins/sdk/callback.ts";
import { EventBus } from "../plugins/sdk/event_bus.ts";
import { LIGHT_PORTS } from "./light_ports.ts";
import type { ServedPlugin } from "./port_server.ts";

const SERVERS = new Map(LIGHT_PORTS);

function serve(port: string, pluginClass: unknown): ServedPlugin {
  const setup = { pluginClass, config: { name: "sample" }, seed: 7, eventBus: new EventBus() };
  return SERVERS.get(port)!.serve(setup);
}

async function call({ methods }: ServedPlugin, method: string, ...args: WireValue[]): Promise<unknown> {
  const served: ServedCall = { method, args, stream: false, signal: new AbortController().signal };
  return await methods.get(method)!(served);
}

class Shouter extends AugmenterPort {
  override augment(texts: readonly string[], { seeds = [] }: AugmentContext): string[] {
    return texts.map((text, index) => `${text}${seeds[index] ?? this.seed}`);
  }
  other(): void {}
}

class Stopper extends CallbackPort {
  override onEpochEnd(_epoch: number, logs: Logs, state: TrainerState): void {
    state.shouldStop = logs["loss"]! < 1;
  }
  override async onTrainBegin(state: TrainerState): Promise<void> {
    await Promise.resolve();
    state.shouldStop = true;
  }
  override onBatchBegin(): void {
    throw new Error("no batch");
  }
  onEpochMiddle(): void {}
}

Deno.test("LIGHT_PORTS serve of each port's plugin only what the port has", async () => {
  const shouter = serve("augmenter", Shouter);
  const stopper = serve("callback", Stopper);

  assertEquals([...SERVERS.keys()], ["plugin", "augmenter", "callback"]);
  assertEquals([...shouter.methods.keys()], ["augment"]);
  assertEquals([...stopper.methods.keys()], ["onTrainBegin", "onEpochEnd", "onBatchBegin", "notify"]);
  assertEquals(await call(shouter, "augment", ["a"]), ["a7"]);
  assertEquals(await call(shouter, "augment", ["a", "b"], { seeds: [3, 4] }), ["a3", "b4"]);
});

Deno.test("LIGHT_PORTS answer for a callback what it wished, when its method is done", async () => {
  const stopper = serve("callback", Stopper);
  const state = (): TrainerState => ({ epoch: 0, step: 1, maxSteps: 9, shouldStop: false });

  const wishes = [
    await call(stopper, "onEpochEnd", 0, { loss: 2 }, { ...state() }),
    await call(stopper, "onEpochEnd", 0, { loss: 0.5 }, { ...state() }),
    await call(stopper, "onTrainBegin", { ...state() }),
  ];

  assertEquals(wishes, [{}, { shouldStop: true }, { shouldStop: true }]);
  await assertRejects(() => call(stopper, "onBatchBegin", 0, { ...state() }), Error, "no batch");
});

class Rememberer extends CallbackPort {
  #seen: unknown[] = [];

  override onBatchEnd(batch: number, logs: Logs): CallbackWishes {
    this.#seen.push(batch, logs["loss"]!);
    return { save: "checkpoint", log: { a: 1, b: 2 } };
  }
  override onEvaluate(logs: Logs): CallbackWishes {
    return { save: "best", learningRate: 0.5, log: { b: logs["val_loss"]! } };
  }
  override onEpochEnd(_epoch: number, _logs: Logs, state: TrainerState): void {
    state.shouldStop = this.#seen.length > 2;
  }
  override captureState(): unknown {
    return { seen: this.#seen, nothing: undefined };
  }
  override restoreState(state: unknown): void {
    this.#seen = (state as { seen: unknown[] }).seen;
  }
}

Deno.test("LIGHT_PORTS give a callback several moments in one message, and answer the wishes of all", async () => {
  const rememberer = serve("callback", Rememberer);
  const state: TrainerState = { epoch: 0, step: 1, maxSteps: 9, shouldStop: false };
  const moments: WireValue = [
    ["onBatchEnd", 4, { loss: 1 }],
    ["onTrainBegin"], // it has none
    ["onEvaluate", { val_loss: 7 }],
    ["onEpochEnd", 0, {}],
    ["captureState"], // no moment
  ];

  const first = await call(rememberer, "notify", moments, { ...state });
  const second = await call(rememberer, "notify", moments, { ...state });

  const wishes = { save: ["checkpoint", "best"], learningRate: 0.5, log: { a: 1, b: 7 } };
  assertEquals([first, second], [wishes, { ...wishes, shouldStop: true }]);
  assertEquals(state.shouldStop, false);
  const captured = await call(rememberer, "captureState");
  assertEquals(captured, { seen: [4, 1, 4, 1] });
  const other = serve("callback", Rememberer);
  await call(other, "restoreState", captured as WireValue);
  assertEquals(await call(other, "captureState"), captured);
});
