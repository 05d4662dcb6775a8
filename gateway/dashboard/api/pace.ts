/** When what comes over the socket is shown: the first event at once, and what follows closely all together, so that it is drawn once. */

const REST_MS = 150;
const waiting: (() => void)[] = [];
let isResting = false;

/** Delivers an event in the order in which events came. */
export function deliver(event: () => void): void {
  waiting.push(event);
  if (!isResting) flush();
}

/** Delivers at once what waits. */
export function deliverWaiting(): void {
  for (const event of waiting.splice(0)) event();
}

function flush(): void {
  isResting = waiting.length > 0;
  if (!isResting) return;
  setTimeout(flush, REST_MS);
  deliverWaiting();
}
