/** Lets `rate` things a second through, and as many at once as come in a second, but one at least. */
export interface TokenBucket {
  /** Takes one; seconds after which there is one again if there is none. */
  take(now?: number): number | undefined;
}

export function tokenBucket(rate: number): TokenBucket {
  const most = Math.max(1, rate);
  let tokens = most;
  let filledAt: number | undefined;
  return {
    take(now = performance.now()) {
      tokens = Math.min(most, tokens + ((now - (filledAt ?? now)) / 1_000) * rate);
      filledAt = now;
      if (tokens < 1) return (1 - tokens) / rate;
      tokens -= 1;
      return undefined;
    },
  };
}
