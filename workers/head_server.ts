/**
 * Serves a head: forward, loss and backward where the head is, gradients and logits back.
 *
 * The trainer's half is core/train/head_client.ts. Two calls make a step: `head.step` for every
 * micro-batch (gradients add up here), then `head.apply` once with the joint scale and the rate. Of a step whose
 * figures nobody wants, `head.quietStep` answers the gradients alone, and its loss adds up here as well.
 *
 * Everything that an answer reads is asked for together, because on a graphics card each read waits for all that
 * the device has to do.
 *
 * @module
 */
import * as tf from "../core/deps/tfjs.ts";
import { AdamW, squaredNorm, type UpdateOptions } from "../core/tensor/adamw.ts";
import { type Backend, startBackend } from "../core/tensor/backend.ts";
import { Tape } from "../core/tensor/tape.ts";
import { download, downloadByName, together, upload } from "../core/tensor/transfer.ts";
import type { HostTensor } from "../core/wall/tensor.ts";
import type { WireValue } from "../core/wall/values.ts";
import { HeadPort } from "../plugins/sdk/head.ts";
import type { CallContext } from "../plugins/sdk/plugin_port.ts";
import { guardMappedRange } from "./gpu_guard.ts";
import { measure, readFigures } from "./head_figures.ts";
import { fittingParts, type HeadMemory, type HeadState, lossesOf, zeros } from "./head_memory.ts";
import {
  contextOf,
  makePlugin,
  type PluginSetup,
  type PortMethod,
  type PortServer,
  type ServedPlugin,
} from "./port_server.ts";
import { UntoldLosses } from "./untold_losses.ts";

/** There is one head in a worker, and its backend ends with it. */
let backend: Backend | undefined;
/** Started before anybody asks for it: it is half of the time that a head takes to load from a place in reserve. */
let wasm: Promise<Backend> | undefined;

/** The head port of a worker. */
export const serveHead: PortServer = {
  warm(): void {
    wasm = startBackend("wasm");
    wasm.catch(() => {}); // tried again for whoever needs it
  },

  async prepare({ gpu }): Promise<void> {
    const warmed = await wasm?.catch(() => undefined);
    backend = gpu || warmed === undefined ? await startBackend(gpu ? "auto" : "wasm") : warmed;
    if (backend.name === "webgpu") guardMappedRange();
  },

  serve(setup: PluginSetup): ServedPlugin {
    const plugin = makePlugin(setup, HeadPort, { seeded: true });
    const server = new HeadServer(plugin);
    const inTurn = oneAtATime();
    const methods = new Map<string, PortMethod>([
      ["describe", () => server.describe()],
      [
        "step",
        (call) => inTurn(() => server.step(call.args as unknown as StepArguments, contextOf(call))),
      ],
      [
        "quietStep",
        (call) =>
          inTurn(() =>
            server.step(call.args as unknown as StepArguments, contextOf(call), { isQuiet: true })
          ),
      ],
      [
        "evaluate",
        (call) => inTurn(() => server.evaluate(...call.args as [HostTensor, HostTensor], contextOf(call))),
      ],
      ["apply", ({ args: [options] }) => inTurn(() => server.apply(options as unknown as UpdateOptions))],
      ["predict", (call) => inTurn(() => server.predict(call.args[0] as HostTensor, contextOf(call)))],
      ["state", () => inTurn(() => server.state())],
      ["forget", ({ args: [options] }) => inTurn(() => server.forget(options as { losses?: boolean }))],
      ["restore", ({ args: [state] }) => inTurn(() => server.restore(state as unknown as HeadState))],
    ]);
    return {
      plugin,
      methods,
      described: [...methods.keys()].map((name) => ({ name, parameters: 0, streams: false })),
      memory: {
        capture: () => inTurn(() => server.capture()),
        losses: (memory) => server.losses(memory as unknown as HeadMemory),
        restore: (memory) => inTurn(() => server.takeOver(memory as unknown as HeadMemory)),
      },
    };
  },
};

type StepArguments = [hidden: HostTensor, labels: HostTensor, options: StepOptions];

/** Of one micro-batch. */
interface StepOptions {
  /** Number of the training step and of the micro-batch in it: seeds dropout. */
  readonly step: number;
  /** Share of this micro-batch in the whole batch: 1 without accumulation. */
  readonly weight: number;
}

class HeadServer {
  readonly #head: HeadPort;
  readonly #gradients = new Map<string, tf.Tensor>();
  readonly #losses = new UntoldLosses();
  #optimizer: AdamW | undefined;

  constructor(head: HeadPort) {
    this.#head = head;
  }

  describe(): WireValue {
    const parameters = [...this.#head.layers.parameters].map(([name, { shape }]) => ({ name, shape }));
    return { reads: this.#head.reads, task: this.#head.task, parameters };
  }

  /**
   * @param isQuiet tells gradients only, and lets the loss add up; the next step that is not tells what came of that
   */
  async step(
    [hidden, labels, options]: StepArguments,
    context: CallContext,
    { isQuiet = false } = {},
  ): Promise<WireValue> {
    const { layers } = this.#head;
    const [states, targets] = [upload(hidden), upload(labels)];
    using _states = owned(states);
    using _targets = owned(targets);
    using tape = new Tape();
    using _scope = tensorScope();
    const { logits, loss, gradients: [ofHidden, ...gradients] } = await this.#differentiate(
      tape,
      [states, targets],
      options,
      context,
    );
    const metrics = isQuiet ? undefined : await measure(this.#head, logits, targets);
    // From here on nothing of the plugin's code runs: what fails in there has added nothing up.
    [...layers.parameters.keys()].forEach((name, index) => this.#accumulate(name, gradients[index]));
    if (isQuiet) this.#losses.add(loss, options.weight);
    const [hiddenGradient, squaredGradientNorm, figures, earlier] = await together(() => [
      ofHidden ? download(ofHidden) : zeros(hidden.shape),
      squaredNorm(this.#gradients.values()),
      metrics && readFigures(loss, logits, metrics),
      metrics && this.#losses.read(),
    ]);
    backend?.check(); // a graphics card that failed goes on with zeros
    return { ...figures, ...(earlier && { earlier }), hiddenGradient, squaredGradientNorm };
  }

  /** With dropout on; it is off again whatever happens, or the next prediction would have it. */
  async #differentiate(
    tape: Tape,
    [states, targets]: readonly [tf.Tensor, tf.Tensor],
    { step, weight }: StepOptions,
    context: CallContext,
  ): Promise<{ logits: tf.Tensor; loss: tf.Tensor; gradients: (tf.Tensor | undefined)[] }> {
    const { layers } = this.#head;
    layers.trainingStep = step;
    try {
      const logits = await this.#forward(states, context);
      const loss = this.#head.getLossFunction()(logits, targets);
      const subjects = [states, ...layers.parameters.values()];
      return { logits, loss, gradients: tape.gradients(loss, tf.scalar(weight), subjects) };
    } finally {
      layers.trainingStep = undefined;
    }
  }

  /** Loss and logits without training. */
  async evaluate(hidden: HostTensor, labels: HostTensor, context: CallContext): Promise<WireValue> {
    using _scope = tensorScope();
    const targets = upload(labels);
    const logits = await this.#forward(upload(hidden), context);
    const loss = this.#head.getLossFunction()(logits, targets);
    const metrics = await measure(this.#head, logits, targets);
    const [figures] = await together(() => [readFigures(loss, logits, metrics)]);
    backend?.check();
    return figures;
  }

  apply(options: UpdateOptions): WireValue {
    this.#optimizer ??= new AdamW(this.#head.layers.parameters);
    this.#optimizer.update(this.#gradients, options);
    this.#losses.apply();
    return this.forget();
  }

  /** @param options whether losses that were not told are given up as well */
  forget({ losses = false } = {}): WireValue {
    tf.dispose([...this.#gradients.values()]);
    this.#gradients.clear();
    this.#losses.forget({ all: losses });
    return undefined;
  }

  async predict(hidden: HostTensor, context: CallContext): Promise<WireValue> {
    using _scope = tensorScope();
    const logits = await download(await this.#forward(upload(hidden), context));
    backend?.check();
    return logits;
  }

  async state(): Promise<WireValue> {
    const parameters = Object.fromEntries(await downloadByName(this.#head.layers.parameters));
    const moments = Object.fromEntries(await this.#optimizer?.state() ?? []);
    const losses = await this.#losses.read();
    backend?.check();
    const updates = this.#optimizer?.updates ?? 0;
    return { parameters, moments, updates, ...(losses && { losses }) };
  }

  restore({ parameters, moments, updates, losses }: HeadState): WireValue {
    for (const [name, parameter] of this.#head.layers.parameters) {
      const saved = parameters[name];
      if (saved?.shape.join() !== parameter.shape.join()) {
        throw new RangeError(
          `The saved ${name} has the shape [${saved?.shape}], expected [${parameter.shape}]`,
        );
      }
    }
    for (const [name, parameter] of this.#head.layers.parameters) assign(parameter, parameters[name]!);
    this.#restoreMoments(new Map(Object.entries(moments)), updates);
    this.forget(); // what a step that failed has added up is not of these weights
    this.#losses.restore(losses);
    return undefined;
  }

  #restoreMoments(moments: ReadonlyMap<string, HostTensor>, updates: number): void {
    this.#optimizer?.[Symbol.dispose]();
    this.#optimizer = undefined;
    if (updates === 0) return;
    this.#optimizer = new AdamW(this.#head.layers.parameters);
    this.#optimizer.restore(moments, updates);
  }

  /** All that goes over to another version of the head's code. */
  async capture(): Promise<WireValue> {
    const { reads, task } = this.#head;
    const state = await this.state() as object;
    const gradients = Object.fromEntries(await downloadByName(this.#gradients));
    const lossOfStep = await this.#losses.readStep();
    return { ...state, gradients, ...(lossOfStep !== undefined && { lossOfStep }), reads, task };
  }

  losses(memory: HeadMemory): readonly string[] {
    return lossesOf(memory, this.#head.layers.parameters);
  }

  /** Goes on from another version, as far as the parameters fit. */
  takeOver(memory: HeadMemory): WireValue {
    const { reads, task, layers: { parameters } } = this.#head;
    for (const [what, before, now] of [["reads", memory.reads, reads], ["learns", memory.task, task]]) {
      if (before !== now) throw new Error(`it ${what} ${now} now, and ${before} in what is going on`);
    }
    const { weights, moments, gradients } = fittingParts(memory, parameters);
    this.forget(); // what added up while two versions were compared is in the memory, or is over
    for (const [name, saved] of weights) assign(parameters.get(name)!, saved);
    for (const [name, gradient] of gradients) this.#gradients.set(name, tf.keep(upload(gradient)));
    this.#restoreMoments(moments, memory.updates);
    this.#losses.restore(memory.losses, memory.lossOfStep);
    return undefined;
  }

  async #forward(states: tf.Tensor, context: CallContext): Promise<tf.Tensor> {
    const logits: unknown = await this.#head.forward(states, context);
    if (logits instanceof tf.Tensor) return logits;
    throw new TypeError(`forward() of ${this.#head.constructor.name} has to return a tensor of logits`);
  }

  #accumulate(name: string, gradient: tf.Tensor | undefined): void {
    if (!gradient) return;
    const before = this.#gradients.get(name);
    const sum = before ? tf.add(before, gradient) : tf.clone(gradient);
    before?.dispose();
    this.#gradients.set(name, tf.keep(sum));
  }
}

function assign(parameter: tf.Variable, saved: HostTensor): void {
  const value = upload(saved);
  parameter.assign(value);
  value.dispose();
}

/** A tape and a scope belong to the realm: two calls that overlap would record into each other. */
function oneAtATime(): (run: () => WireValue | Promise<WireValue>) => Promise<WireValue> {
  let last: Promise<unknown> = Promise.resolve();
  return (run) => {
    const result = last.then(run);
    last = result.catch(() => {});
    return result;
  };
}

/** A tensor that is freed at the end of the block. */
function owned(tensor: tf.Tensor): Disposable {
  return { [Symbol.dispose]: () => tensor.dispose() };
}

/** Everything that is made until it is disposed of is freed then, across awaits; `tf.keep` excepts. */
function tensorScope(): Disposable {
  tf.engine().startScope();
  return { [Symbol.dispose]: () => tf.engine().endScope() };
}
