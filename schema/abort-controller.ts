import { setMaxListeners } from "node:events";

/** An AbortController whose signal may have any number of listeners: Node 20 warns of a leak at the eleventh. */
export function createAbortController(): AbortController {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  return controller;
}
