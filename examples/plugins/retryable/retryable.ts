/**
 * The guide's retryable plugin: what may go well the next time is tried again, later and later.
 *
 * @module
 */
import {
  type CallContext,
  type EventBus,
  inject,
  type PluginConfig,
  PluginError,
  PluginPort,
  retry,
  service,
} from "k-bert/sdk";

/** What the host offers as `glossary`. */
export interface Glossary {
  lookUp(word: string): string;
}

const GLOSSARY = service<Glossary>("glossary");

/** Settings; see plugin.yaml. */
interface Settings extends PluginConfig {
  readonly max_retries: number;
  readonly wait_ms: number;
}

/** Looks words up. */
export class RetryablePlugin extends PluginPort<Settings> {
  readonly #glossary;

  constructor(config: Settings, eventBus?: EventBus, glossary = inject(GLOSSARY)) {
    super(config, eventBus);
    this.#glossary = glossary;
  }

  /** @param context its signal ends the waiting when the caller gives the call up */
  processData(word: string, context: CallContext): Promise<string> {
    const { max_retries, wait_ms } = this.config;
    return retry(() => this.#glossary.lookUp(word), {
      attempts: max_retries,
      baseMs: wait_ms,
      isRetryable: isBusy,
      signal: context.signal,
    });
  }
}

/** An error of the host's keeps its name, its code and what it carried. */
function isBusy(error: unknown): boolean {
  return error instanceof PluginError && error.code === "glossary/busy";
}
