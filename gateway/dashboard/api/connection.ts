/** The one WebSocket of the page, and how it is. It opens with the first subscription and comes back by itself. */

import { createClient, type Client } from "graphql-ws";
import { socketAddress } from "./address.ts";
import { keyHeader } from "./key.ts";
import { deliverWaiting } from "./pace.ts";
import { createStore } from "./store.ts";

/** `idle`: nothing is live. `lost`: it was open, and is being opened again. `refused`: the gateway does not accept the key. */
export type ConnectionState = "idle" | "open" | "lost" | "refused";

export const connection = createStore<ConnectionState>("idle");

const UNAUTHORIZED = 4401;
/** Between two tries to reach the gateway. */
export const LONGEST_WAIT_MS = 10_000;
const FIRST_WAIT_MS = 250;

export function openSocket(): Client {
  return createClient({
    url: socketAddress(),
    connectionParams: keyHeader,
    lazyCloseTimeout: 5_000,
    keepAlive: 15_000,
    retryAttempts: Number.POSITIVE_INFINITY,
    shouldRetry: (event) => !(event instanceof CloseEvent && event.code === UNAUTHORIZED),
    async retryWait(retries) {
      // Not all pages at once when a gateway comes back.
      const longest = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** retries);
      await new Promise((resolve) => setTimeout(resolve, longest * (0.5 + Math.random() / 2)));
    },
    on: {
      connected: () => connection.set("open"),
      closed(event) {
        // Where a feed continues is known from the last event that came.
        deliverWaiting();
        const { code, wasClean } = event as CloseEvent;
        if (code === UNAUTHORIZED) connection.set("refused");
        else connection.set(wasClean && code === 1000 ? "idle" : "lost");
      },
    },
  });
}
