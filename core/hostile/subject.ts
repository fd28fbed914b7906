/**
 * The plugin that is examined, and a fresh start of it for one check.
 *
 * It runs without the rights that it asks for, unless whoever examines it says otherwise: one may want to know how a
 * stranger's plugin behaves before anything is granted to it. What fails only because of that is no failure.
 *
 * @module
 */
import { type SampleCall, sampleCalls, type SampleShape } from "../author/sample_calls.ts";
import type { PortName } from "../manifest/families.ts";
import type { Admit } from "../plugins/admission.ts";
import { PluginManager } from "../plugins/manager.ts";
import type { Plugin } from "../plugins/plugin.ts";
import type { PluginImage } from "../security/image.ts";
import { NO_PERMISSIONS } from "../security/permissions.ts";
import type { Tier } from "../wall/sandbox.ts";
import { processSandbox } from "../../workers/process_sandbox.ts";
import { workerSandbox } from "../../workers/worker_sandbox.ts";

/** Longest call and phase of a plugin that is examined, in milliseconds; its manifest may say less. */
export const CALL_MS = 10_000;

/** See the module's text. */
export interface Subject {
  readonly image: PluginImage;
  readonly port: PortName;
  readonly tier: Tier;
  /** What it is made with in every check. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Whether it has the rights that it asks for. */
  readonly isGranted: boolean;
}

/** A start of the subject. Whoever started it disposes of it. */
export class Trial implements AsyncDisposable {
  readonly manager: PluginManager;
  readonly plugin: Plugin;
  readonly #subject: Subject;

  private constructor(manager: PluginManager, plugin: Plugin, subject: Subject) {
    this.manager = manager;
    this.plugin = plugin;
    this.#subject = subject;
  }

  /** @throws what starting it throws; nothing of it is left then */
  static async start(subject: Subject, seed = 1): Promise<Trial> {
    const manager = managerFor(subject);
    const { image, port, tier, settings } = subject;
    try {
      const limits = { callMs: CALL_MS };
      const plugin = await manager.start(image, { port, tier, settings, seed, limits, restart: false });
      return new Trial(manager, plugin as Plugin, subject);
    } catch (error) {
      await manager[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The sample calls that it has, with inputs of seed 1. @param shape what is odd about them */
  calls(shape: Pick<SampleShape, "rows" | "notANumber"> = {}): SampleCall[] {
    const { image, port, settings } = this.#subject;
    const calls = sampleCalls(image, port, { seed: 1, settings, ...shape });
    return calls.filter((call) => call.appliesTo(this.plugin));
  }

  /** Unloads it; twice is harmless. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.manager[Symbol.asyncDispose]();
  }
}

/** A manager that lets the subject in without asking anybody. */
export function managerFor({ tier, isGranted }: Pick<Subject, "tier" | "isGranted">): PluginManager {
  const admit: Admit = ({ manifest: { permissions } }) =>
    Promise.resolve({ tier, permissions: isGranted ? permissions : NO_PERMISSIONS });
  return new PluginManager({ createSandbox: tier === "process" ? processSandbox : workerSandbox, admit });
}
