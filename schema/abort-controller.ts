import { setMaxListeners } from "node:events";

/** An AbortController for whose signal any number may wait: Node 20 warns of a leak as soon as eleven do. */
export function createAbortController(): AbortController {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  return controller;
}
