/** Starts a part of the mesh again that a full disk has ended, or that has ended in order to be started again. */

import { statfs } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import { RESTART_STATUS } from "../schema/lifecycle.js";
import { OperatorError } from "../schema/operator-error.js";
import type { GuardedServer } from "./guarded-server.js";
import { describeExit } from "./part.js";

/** What it needs to know of a running part. */
export type Running = Pick<GuardedServer, "exited" | "log">;

export interface Supervision<T extends Running> {
  readonly name: string;
  /** Starts it again. */
  start(): Promise<T>;
  /** Whether its disk has room. */
  hasRoom(): Promise<boolean>;
  /** Whether it was ended in order to be started again. */
  isRestarting(part: T): boolean;
  isStopping(): boolean;
  /** Tells the operator. */
  tell(line: string): void;
}

const MOST_RESTARTS = 10;
const LOOK_MS = 1_000;
const ROOM_BYTES = 32 * 1024 * 1024;
const OUT_OF_ROOM = /no space left on device|ENOSPC/i;

/** Returns why the part has ended for good; undefined when the mesh is stopping. */
export async function supervise<T extends Running>(first: T, supervision: Supervision<T>): Promise<OperatorError | undefined> {
  const { name, isStopping, isRestarting, tell } = supervision;
  let part = first;
  for (let failures = 0; ;) {
    const exit = await part.exited;
    if (isStopping()) return undefined;
    const reason = new OperatorError(describeExit(name, exit, part.log));
    const isWanted = isRestarting(part) || exit.code === RESTART_STATUS;
    if (!isWanted) {
      const wasFull = OUT_OF_ROOM.test(part.log.lastError()) || !(await supervision.hasRoom());
      if (!wasFull || failures >= MOST_RESTARTS) return reason;
      tell(`The ${name} has ended because its disk is full. It is started again once there is room.`);
      failures++;
    }
    const next = await startAgain(supervision, isWanted ? 0 : failures);
    if (next === undefined || next instanceof OperatorError) return next;
    tell(`The ${name} runs again.`);
    part = next;
  }
}

/** Whether the disk of a folder has room for a part to start. */
export async function hasRoom(folder: string): Promise<boolean> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize >= ROOM_BYTES;
}

/** A start may need more room than there is, so it is tried some times; the pauses grow. */
async function startAgain<T extends Running>(
  { name, start, hasRoom: isRoomy, isStopping }: Supervision<T>,
  failures: number,
): Promise<T | OperatorError | undefined> {
  for (let tries = 1; ; tries++) {
    await pause(Math.min(failures + tries - 1, 10) * LOOK_MS);
    while (!isStopping() && !(await isRoomy())) await pause(LOOK_MS);
    if (isStopping()) return undefined;
    try {
      return await start();
    } catch (error) {
      if (isStopping()) return undefined;
      if (tries === MOST_RESTARTS)
        return new OperatorError(`The ${name} does not start again: ${String(error)}`, { cause: error });
    }
  }
}
