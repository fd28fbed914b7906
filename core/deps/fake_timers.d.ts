/** What this project uses of `@sinonjs/fake-timers`. */
export interface Clock {
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Lets so much time pass; timers that are due run, and promises between them. */
  tickAsync(milliseconds: number): Promise<number>;
  /** The same at once; promises between timers do not run. */
  tick(milliseconds: number): number;
  /** Runs timers until none is left. */
  runAllAsync(): Promise<number>;
  /** Timers that wait. */
  countTimers(): number;
  uninstall(): void;
}

export function install(options: { now?: number; toFake?: readonly string[] }): Clock;
