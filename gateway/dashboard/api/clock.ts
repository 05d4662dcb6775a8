/** The server's time: ages do not depend on the clock of this computer. */

import { createStore, useStore } from "./store.ts";

const TICK_MS = 10_000;
let offset = 0;

/** Takes the time that the server has just told. */
export function setServerTime(iso: string): void {
  offset = Date.parse(iso) - Date.now();
  tick();
}

/** Milliseconds since 1970, by the server's clock. */
export function serverNow(): number {
  return Date.now() + offset;
}

const clock = createStore(serverNow());
const tick = () => clock.set(serverNow());
setInterval(tick, TICK_MS);

/** The server's time, some seconds old at most. */
export function useServerNow(): number {
  return useStore(clock);
}
