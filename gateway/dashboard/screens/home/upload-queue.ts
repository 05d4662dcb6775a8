/** The files that wait for their turn. While the gateway is away none begins. */

import { pause } from "../../api/persist.ts";

const AT_ONCE = 3;
const waiting: (() => Promise<void>)[] = [];
let running = 0;

/** Does a piece of work when others have made room for it. It must not throw. */
export function enqueue(work: () => Promise<void>): void {
  waiting.push(work);
  proceed();
}

function proceed(): void {
  while (running < AT_ONCE && pause.get() === undefined) {
    const next = waiting.shift();
    if (next === undefined) return;
    running++;
    void next().finally(() => {
      running--;
      proceed();
    });
  }
}

pause.follow(proceed);
