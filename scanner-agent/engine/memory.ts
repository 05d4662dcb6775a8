import { freemem } from "node:os";
import { sizeText } from "../../schema/settings.js";

/** Bytes of memory that this host, and the agent's container if it runs in one, can give now. */
export function readFreeMemory(): number {
  return Math.min(freemem(), process.availableMemory());
}

/** Why a second instance of an engine cannot run beside the first; undefined if it can. */
export function lackOfMemory(needed: number | undefined, free: number): string | undefined {
  if (needed === undefined || free >= needed) return undefined;
  return `a second one beside it needs ${sizeText(needed)} of memory, and ${sizeText(free)} are free`;
}
