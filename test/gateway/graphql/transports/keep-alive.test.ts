import { EventEmitter } from "node:events";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { WebSocket } from "ws";
import { keepAlive, PING_MS } from "../../../../gateway/graphql/transports/keep-alive.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A client that does with each ping what the test says. */
function client(onPing: (data: string, emit: (pong: string) => void) => void) {
  const events = new EventEmitter();
  const terminate = vi.fn<() => void>();
  const ping = (data: string) => onPing(data, (pong) => void events.emit("pong", Buffer.from(pong)));
  const stop = keepAlive(Object.assign(events, { ping, terminate }) as unknown as WebSocket);
  vi.advanceTimersByTime(5 * PING_MS);
  stop();
  return terminate;
}

it("a client that answers pings stays", () => {
  expect(client((data, pong) => pong(data))).not.toHaveBeenCalled();
});

it.each([
  ["does not answer", () => {}],
  ["sends pongs that nobody asked for", (_data: string, pong: (data: string) => void) => pong("")],
])("a client that %s is cut off", (_, onPing) => {
  expect(client(onPing)).toHaveBeenCalled();
});
