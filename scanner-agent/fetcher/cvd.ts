import { open } from "node:fs/promises";
import { OperatorError } from "../../schema/operator-error.js";
import { hasCode } from "../contract.js";
import { findProgram } from "../processes/programs.js";
import { runCommand } from "../runners/process/command.js";
import { minimalEnvironment } from "../runners/process/guard.js";

const HEAD_BYTES = 512;
const MAX_OUTPUT = 1024 ** 2;
const VERIFY_MS = 300_000;

/**
 * Checks the signature of ClamAV's builders on each `.cvd`. `.cld` and `.cud` have none: freshclam makes the first of what is signed, and
 * the others are the operator's own. Throws {@link OperatorError}.
 */
export async function verifyCvds(files: readonly string[], programPath: string, signal: AbortSignal): Promise<void> {
  const signed = files.filter((file) => /\.cvd$/i.test(file));
  if (signed.length === 0) return;
  const program = await findProgram("sigtool", programPath);
  if (program === undefined)
    throw new OperatorError(
      "sigtool, which checks the signatures of ClamAV's databases, is not installed: install the package clamav.",
    );
  for (const file of signed) await verifyCvd(program, file, signal);
}

async function verifyCvd(program: string, file: string, signal: AbortSignal): Promise<void> {
  const { exitCode, stdout, stderr } = await runCommand([program, "--info", file], {
    cwd: "/",
    env: minimalEnvironment("", "/tmp"),
    timeoutMs: VERIFY_MS,
    signal,
    maxOutput: MAX_OUTPUT,
  });
  if (exitCode === 0 && /^Verification OK/m.test(stdout)) return;
  const name = file.replace(/^.*\//, "");
  const said = `${stdout}\n${stderr}`.match(/^(?:ERROR|LibClamAV Error): *(.+)$/m)?.[1];
  throw new OperatorError(
    `${name} is not signed by ClamAV, was altered, or is cut${said === undefined ? "" : ` (${said.trim()})`}: it is not used. ` +
      "A database of your own is unsigned and named .cud.",
  );
}

/** Whether a page came where a file should be. */
export async function isPage(file: string): Promise<boolean> {
  try {
    const handle = await open(file);
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
      return /^\s*(<!doctype html|<html[\s>])/i.test(buffer.toString("latin1", 0, bytesRead));
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (hasCode(error, "ENOENT")) return false;
    throw error;
  }
}
