import { GatewayError } from "../errors.js";
import { tokenBucket, type TokenBucket } from "./token-bucket.js";

/** Limits how often each address may send requests. */
export interface AddressRates {
  /** Counts a request. Throws RATE_LIMITED. */
  admit(address: string): void;
}

/** How many addresses are remembered; beyond that all are forgotten. */
const MOST_ADDRESSES = 10_000;

/** Allows `rate` requests per second from each address. */
export function createAddressRates(rate: number): AddressRates {
  const buckets = new Map<string, TokenBucket>();
  return {
    admit(address) {
      if (buckets.size >= MOST_ADDRESSES) buckets.clear();
      let bucket = buckets.get(address);
      if (!bucket) buckets.set(address, (bucket = tokenBucket(rate)));
      const wait = bucket.take();
      if (wait === undefined) return;
      const message = `an address may ask ${rate} times a second`;
      throw new GatewayError("RATE_LIMITED", message, { retryAfter: Math.ceil(wait) });
    },
  };
}
