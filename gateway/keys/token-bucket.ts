/** Admits `rate` requests a second, and a burst of one second's worth, but at least one. */
export interface TokenBucket {
  /** Takes a token. If there is none, returns the seconds until there is one. */
  take(now?: number): number | undefined;
  /** Takes more tokens for what was let through, also ones that are not there yet: whoever comes next waits for them. */
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
