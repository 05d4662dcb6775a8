import { setTimeout as pause } from "node:timers/promises";

const BETWEEN_MS = 25;

/** For a load that goes on while something else happens: as dense as can be, it would take the processors from that. */
export const betweenScans = (): Promise<void> => pause(BETWEEN_MS);
