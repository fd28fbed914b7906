export interface RetryOptions {
  multiplier?: number;
  maxTimeout?: number;
  maxAttempts?: number;
  minTimeout?: number;
  jitter?: number;
  isRetriable?: (error: unknown) => boolean;
  signal?: AbortSignal;
}

export class RetryError extends Error {}

export function retry<T>(fn: () => Promise<T> | T, options?: RetryOptions): Promise<T>;
