/**
 * The checkpoints of a run: the last step, from which it can go on, and for each callback that wishes it the best.
 *
 * @module
 */
import type { ModelParts } from "./inference.ts";
import {
  type Checkpoint,
  checkpointPath,
  type LoadedCheckpoint,
  loadLatestCheckpoint,
  saveCheckpoint,
} from "./checkpoint.ts";
import type { TrainingConfig } from "./config.ts";
import type { LossSum } from "./head_client.ts";
import type { Run } from "./run.ts";
import type { RunPlugin } from "./run_plugin.ts";
import type { Trainer } from "./trainer.ts";

/** What is written, besides what the trainer has. */
export interface KeptParts extends ModelParts {
  readonly run: Run;
  readonly config: TrainingConfig;
  readonly plugins: readonly RunPlugin[];
  readonly source: { readonly stepsPerEpoch: number };
}

/** Writes and reads them. Owns nothing. */
export class CheckpointKeeper {
  readonly #parts: KeptParts;
  readonly #trainer: Trainer;
  readonly #capture: () => Promise<Record<string, unknown>>;
  /** Step of the checkpoint that was written last, or from which the run goes on. */
  #savedStep = 0;

  /** @param capture what the loop wants to find again in `data` */
  constructor(parts: KeptParts, trainer: Trainer, capture: () => Promise<Record<string, unknown>>) {
    this.#parts = parts;
    this.#trainer = trainer;
    this.#capture = capture;
  }

  /** Whether there were steps since the last checkpoint. */
  get hasUnsaved(): boolean {
    return this.#trainer.step > this.#savedStep;
  }

  /** The run can go on from this step. Answers with the checkpoint's folder. */
  async save(): Promise<string> {
    const { checkpoints } = this.#parts.run;
    await this.#saveTo(checkpoints);
    this.#savedStep = this.#trainer.step;
    return checkpointPath(checkpoints, this.#savedStep);
  }

  /** No weight has moved since the last good step, so that one can be kept. Never throws. */
  async saveBeforePoison(): Promise<void> {
    if (!this.hasUnsaved) return;
    try {
      // A run that diverged poisons its own head; what it has become is not worth more than the last checkpoint.
      for (const { data } of (await this.#parts.encoder.weights()).values()) {
        if (!data.every((weight) => Number.isFinite(weight))) return;
      }
      await this.save();
    } catch {
      // What ended the run is what the user needs to hear of.
    }
  }

  /** Keeps this step as the best by a callback; it replaces the one before. */
  async saveBest(plugin: string): Promise<void> {
    await this.#saveTo(this.#bestFolder(plugin));
  }

  /** Makes a callback's best the model; answers with its step, or undefined if none was kept. */
  async restoreBest(plugin: string): Promise<number | undefined> {
    const best = await loadLatestCheckpoint(this.#bestFolder(plugin));
    if (best) await this.#restoreWeights(best);
    return best?.step;
  }

  /** Weights, moments and steps of a checkpoint from which the run goes on. */
  async restore(checkpoint: LoadedCheckpoint): Promise<void> {
    const { groups, step, data } = checkpoint;
    await this.#restoreWeights(checkpoint);
    const moments = this.#parts.encoder.split(groups["encoder-moments"] ?? new Map());
    this.#trainer.restore(moments, step, skippedIn(checkpoint), Number(data["rateFactor"] ?? 1));
    this.#parts.head.norms.restore(data["norms"]);
    this.#savedStep = step;
  }

  async #restoreWeights(checkpoint: LoadedCheckpoint): Promise<void> {
    const { encoder, head } = this.#parts;
    const { groups, path, step } = checkpoint;
    encoder.restore(groups["encoder"] ?? new Map(), path);
    const parameters = groups["head"] ?? new Map();
    const moments = groups["head-moments"] ?? new Map();
    const losses = lossesIn(checkpoint);
    await head.restore({ parameters, moments, updates: step - skippedIn(checkpoint), losses });
  }

  /** Each callback has a best of its own: two of them may watch different metrics. */
  #bestFolder(plugin: string): string {
    return `${this.#parts.run.path}/best/${plugin.replace(/[^\w-]/g, "-")}`;
  }

  async #saveTo(folder: string): Promise<void> {
    const { run, encoder, head, plugins, config: { seed }, source, backend } = this.#parts;
    const { step, skipped, rateFactor } = this.#trainer;
    const { parameters, moments, losses } = await head.state();
    const groups = {
      "encoder": await encoder.weights(),
      "encoder-moments": encoder.joined(await this.#trainer.state()),
      "head": parameters,
      "head-moments": moments,
    };
    backend.check(); // a lost device gives zeros, and a checkpoint of those would replace a good one
    await saveCheckpoint(folder, {
      step,
      epoch: Math.floor(step / source.stepsPerEpoch),
      seed,
      configHash: run.configHash,
      // Everything random is a function of the seed and the step: these two are the generator's state.
      generator: [seed, step],
      plugins: plugins.map(({ image: { manifest: { name, version }, sha256 } }) => ({
        name,
        version,
        sha256,
      })),
      groups,
      data: {
        ...{ ...await this.#capture(), skipped, rateFactor, norms: head.norms.recent },
        // NaN as null, which JSON has: the next report has to find it, as in a run that went on.
        ...(losses && { losses: { ...losses, sum: Number.isFinite(losses.sum) ? losses.sum : null } }),
      },
    });
  }
}

/** Of steps that reported nothing. */
function lossesIn({ data: { losses } }: Checkpoint): LossSum | undefined {
  if (losses === undefined) return undefined;
  const { sum, steps } = losses as { sum: number | null; steps: number };
  return { sum: sum ?? NaN, steps };
}

function skippedIn({ data }: Checkpoint): number {
  return Number(data["skipped"] ?? 0);
}
