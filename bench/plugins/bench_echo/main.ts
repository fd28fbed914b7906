import { PluginPort } from "k-bert/sdk";

/** A name that the SDK's map of events does not have, and so a text like any other. */
const TICK: string = "bench.tick";

/** As a tensor crosses. */
export interface Tensor {
  readonly dtype: "float32";
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

export class Echo extends PluginPort {
  /** Answers what it is given. */
  echo(text: string): string {
    return text;
  }

  /** The same for numbers, which are moved there and back. */
  pass(tensor: Tensor): Tensor {
    return tensor;
  }

  /** Posts so many events, a burst of them in each turn of the event loop. */
  async tick(count: number, burst: number): Promise<void> {
    for (let step = 1; step <= count; step++) {
      const payload = { step, loss: 1 / step };
      if (step % burst !== 0) this.eventBus.post(TICK, payload);
      // Resolves when it is on its way, and all that were posted before it: so none is dropped.
      else await this.eventBus.emit(TICK, payload);
    }
  }
}
