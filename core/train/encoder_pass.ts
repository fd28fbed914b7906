/**
 * The encoder's half of a micro-batch: forward, and, when the head has answered, backward.
 *
 * Two parts with the head in between, which are recorded and replayed where the backend can (tensor/capture.ts):
 * a replay needs no tape, as the backward pass was written down as well. Either way the numbers are the same.
 *
 * @module
 */
import type { BertEncoder, ForwardOptions, TokenBatch, TrainingPlace } from "../bert/model.ts";
import * as tf from "../deps/tfjs.ts";
import { type CapturedRun, Captures } from "../tensor/capture.ts";
import { Tape } from "../tensor/tape.ts";
import { hostInput } from "../tensor/varying.ts";
import type { HiddenStates } from "./head_client.ts";
import { selectHidden } from "./inference.ts";

/** What passes have in common. */
export interface PassOptions extends ForwardOptions {
  /** Which hidden states the head reads. */
  readonly reads: HiddenStates;
  /** Whether passes may be recorded and replayed. @default {true} */
  readonly capture?: boolean;
  /** Hears of it, once for each shape, if passes cannot be recorded. */
  readonly note?: ((line: string) => void) | undefined;
}

/** Makes passes of one encoder, which stays its owner's. Disposing of it frees the recordings. */
export class EncoderPasses implements Disposable {
  readonly #encoder: BertEncoder;
  readonly #options: PassOptions;
  readonly #captures: Captures;

  constructor(encoder: BertEncoder, options: PassOptions) {
    this.#encoder = encoder;
    this.#options = options;
    this.#captures = new Captures(options.capture, (problem, shape) => {
      options.note?.(`Steps of ${shape} tokens are not recorded, and so take longer: ${problem}`);
    });
  }

  /** Recordings that there are: one for each shape of batch that came more than once. */
  get recordings(): number {
    return this.#captures.size;
  }

  /** Runs the encoder forward. The pass has to be disposed of before the next one begins. */
  begin(tokens: TokenBatch, place: TrainingPlace): EncoderPass {
    const parameters = [...this.#encoder.parameters.values()];
    const run = this.#captures.begin(`${tokens.batch} x ${tokens.length}`, parameters);
    return new EncoderPass(this.#encoder, { ...this.#options, parameters, run, tokens, place });
  }

  [Symbol.dispose](): void {
    this.#captures[Symbol.dispose]();
  }
}

/** One pass. Owns the hidden states. */
export class EncoderPass implements Disposable {
  /** What the head reads. */
  readonly hidden: tf.Tensor;
  readonly #run: CapturedRun;
  readonly #tape: Tape | undefined;
  readonly #parameters: readonly tf.Variable[];

  /** Made by {@linkcode EncoderPasses.begin}. */
  constructor(
    encoder: BertEncoder,
    { run, parameters, tokens, place, reads, ...options }: PassOptions & {
      readonly run: CapturedRun;
      readonly parameters: readonly tf.Variable[];
      readonly tokens: TokenBatch;
      readonly place: TrainingPlace;
    },
  ) {
    this.#run = run;
    this.#parameters = parameters;
    this.#tape = run.mode === "replay" ? undefined : new Tape();
    try {
      [this.hidden] = run.part({ tokens, place }, (given) => {
        const tokens = (): TokenBatch => given().tokens;
        const all = (): tf.Tensor3D => encoder.forward(tokens, () => given().place, options);
        return [tf.tidy(() => selectHidden(reads, tokens, all()))] as const;
      });
    } catch (error) {
      this.#tape?.[Symbol.dispose]();
      run[Symbol.dispose]();
      throw error;
    }
  }

  /**
   * Runs backward, once.
   *
   * @param hiddenGradient of the loss, of the shape of `hidden`
   * @returns a gradient for each parameter, in order; undefined where there is none. The caller's.
   */
  backward(hiddenGradient: Float32Array): readonly (tf.Tensor | undefined)[] {
    const gradients = this.#run.part(hiddenGradient, (given) => {
      const upstream = hostInput(this.hidden.shape, "float32", given);
      const gradients = this.#tape!.gradients(this.hidden, upstream, this.#parameters);
      upstream.dispose();
      return gradients;
    });
    this.#run.end();
    return gradients;
  }

  [Symbol.dispose](): void {
    this.#tape?.[Symbol.dispose]();
    this.hidden.dispose();
    this.#run[Symbol.dispose]();
  }
}
