/**
 * What a run does when its device is lost or reports an error: it starts the backend again, goes back to the
 * last checkpoint, or to the beginning if there is none, and goes on from there, so that a driver that was
 * reset at night costs some steps and not the run.
 *
 * It is a resume within the process. The encoder and its moments are made anew on the new device; plugins
 * hold their tensors in their own workers, lose nothing, and are put back to the checkpoint. So the losses
 * from there are those of a run that was resumed from that checkpoint.
 *
 * @module
 */
import type { RestartableBackend } from "../tensor/restartable.ts";
import { messageOf } from "../wall/errors.ts";
import { type LoadedCheckpoint, loadLatestCheckpoint } from "./checkpoint.ts";
import type { HeadState } from "./head_client.ts";
import type { Run } from "./run.ts";

/** A restart of the backend in a run. */
export interface DeviceRestart {
  /** What the device reported. */
  readonly reason: string;
  /** The backend that the run goes on with, and its adapter. */
  readonly backend: string;
  readonly adapter: string | null;
  /** How often it was done in this run. */
  readonly restarts: number;
  /** The step of the checkpoint that the run goes on from; 0 for the beginning. */
  readonly step: number;
}

/** What a run needs to begin again where no checkpoint was written yet. The encoder comes from seed or file. */
export interface Beginning {
  readonly head: HeadState;
  /** As the `data` of a checkpoint. */
  readonly data: Readonly<Record<string, unknown>>;
}

/** Where an attempt starts: a checkpoint, undefined for the beginning. */
export interface Attempt {
  readonly from: LoadedCheckpoint | undefined;
  /** Whether there was one before it in this process, so that plugins have to be put back. */
  readonly isAgain: boolean;
}

/** What it works with, and owns none of it. */
export interface DeviceRecoveryParts {
  readonly backend: RestartableBackend;
  readonly run: Run;
  /** Restarts before the error ends the run. */
  readonly limit: number;
  readonly signal: AbortSignal;
  readonly note: (line: string) => void;
  readonly onRestart: ((restart: DeviceRestart) => void) | undefined;
}

/**
 * Calls `attempt` until it ends in something else than a failed device. It has to dispose of all tensors of
 * the run, also when it throws.
 *
 * @param from the checkpoint of the first attempt
 * @throws what the last attempt throws; `device/failed` if the device failed more often than the limit allows,
 * whatever that looked like to the code that computed on it
 */
export async function withDeviceRecovery<T>(
  { backend, run, limit, signal, note, onRestart }: DeviceRecoveryParts,
  from: LoadedCheckpoint | undefined,
  attempt: (attempt: Attempt) => Promise<T>,
): Promise<T> {
  for (let restarts = 1;; restarts++) {
    try {
      return await attempt({ from, isAgain: restarts > 1 });
    } catch (error) {
      const failure = await backend.failure();
      if (failure === undefined) throw error;
      if (restarts > limit || signal.aborted) throw failure;
      const reason = messageOf(failure);
      note(reason);
      await backend.restart().catch((problem) => {
        note(messageOf(problem));
        throw failure;
      });
      from = await loadLatestCheckpoint(run.checkpoints) ?? from;
      const { name, adapter } = backend;
      const step = from?.step ?? 0;
      const where = step === 0 ? "from the beginning" : `after step ${step}, its last checkpoint`;
      note(`Going on with ${adapter === null ? name : `${name} (${adapter})`} ${where}`);
      await run.truncateLog(step);
      await run.log({ step, restarted: name, adapter, restarts, reason });
      onRestart?.({ reason, backend: name, adapter, restarts, step });
    }
  }
}
