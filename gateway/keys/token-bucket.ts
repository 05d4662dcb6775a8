/** Admits `rate` requests per second, with bursts of one second's worth, but at least one. */
export interface TokenBucket {
  /** Takes a token. If there is none, returns the seconds until the next one. */
  take(now?: number): number | undefined;
  /** Takes tokens for work that was already let through, even if there are not enough: later requests wait for them. */
  charge(tokens: number): void;
}

export function tokenBucket(rate: number): TokenBucket {
  const capacity = Math.max(1, rate);
  let tokens = capacity;
  let filledAt: number | undefined;
  return {
    take(now = performance.now()) {
      tokens = Math.min(capacity, tokens + ((now - (filledAt ?? now)) / 1_000) * rate);
      filledAt = now;
      if (tokens < 1) return (1 - tokens) / rate;
      tokens -= 1;
      return undefined;
    },
    charge(count) {
      tokens -= count;
    },
  };
}
