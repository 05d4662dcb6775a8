import type { ContainerRun } from "../../../schema/container-run.js";
import type { EngineVersions } from "../../../schema/messages.js";
import { reasonOf, Unavailable } from "../../contract.js";
import type { Pool } from "./pool.js";
import type { Warm } from "./warm.js";

const TIMEOUT_MS = 30_000;
const NEVER = new AbortController().signal;

/** Asks an engine for its versions, in a container that has had no sample. Throws {@link Unavailable}. */
export async function askVersions(pool: Pool, { version, updated }: ContainerRun): Promise<EngineVersions> {
  const warm = await pool.take(true, NEVER);
  let good = false;
  try {
    const engine = await firstLine(warm, version);
    const signatures = await firstLine(warm, updated);
    const date = signatures === null ? null : dateOf(signatures);
    good = true;
    return { engine, signatures, signatureDate: date };
  } finally {
    pool.give(warm, good);
  }
}

async function firstLine(warm: Warm, command: readonly string[] | undefined): Promise<string | null> {
  if (command === undefined) return null;
  try {
    const { stdout } = await warm.run(command, { timeoutMs: TIMEOUT_MS, signal: NEVER });
    return stdout.split("\n", 1)[0]?.trim().slice(0, 200) || null;
  } catch (cause) {
    if (cause instanceof Unavailable) throw cause;
    throw new Unavailable(`${command.join(" ")} does not tell a version: ${reasonOf(cause)}`, { cause });
  }
}

/** `20190209` or ISO 8601, as ISO 8601; null for anything else. */
export function dateOf(text: string): string | null {
  const iso = text.replace(/^(\d{4})(\d{2})(\d{2})$/, "$1-$2-$3");
  const date = /^\d{4}-\d{2}-\d{2}/.test(iso) ? new Date(iso) : undefined;
  return date === undefined || Number.isNaN(date.getTime()) ? null : date.toISOString();
}
