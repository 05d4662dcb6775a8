/** Running other programs, and the error by which a command gives up. */

import { spawn } from "node:child_process";

/** @type {readonly NodeJS.Signals[]} */
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"];

const SHOWN_LINES = 12;

/** How long a program may take to end before it is killed. */
const KILL_AFTER_MS = 5_000;

/**
 * Something that the operator can put right; its message is one sentence that says how. It is not schema/operator-error.ts,
 * because this file runs before anything is built.
 */
export class Refusal extends Error {}

/**
 * Runs a program and collects what it prints. Throws {@link Refusal} with its error lines if it fails.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, timeoutMs?: number }} [options]
 * @returns {Promise<string>}
 */
export function runQuietly(command, args, { cwd, env = process.env, timeoutMs } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env, timeout: timeoutMs, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text) => (output += text));
    child.once("error", reject);
    child.once("close", (code, signal) => {
      if (code === 0) return resolve(output);
      const how = signal === null ? `ended with status ${code}` : `was ended by ${signal}`;
      reject(new Refusal(`${[command, ...args].join(" ")} ${how}:\n${errorLines(output)}`));
    });
  });
}

/**
 * Runs a program on this process's terminal and returns its exit status; signals are passed on.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {string} [cwd]
 * @returns {Promise<number>}
 */
export function runAttached(command, args, cwd) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, stdio: "inherit" });
    const passOn = (/** @type {NodeJS.Signals} */ signal) => void child.kill(signal);
    for (const signal of SIGNALS) process.on(signal, passOn);
    child.once("error", reject);
    child.once("close", (code) => {
      for (const signal of SIGNALS) process.removeListener(signal, passOn);
      resolve(code ?? 1);
    });
  });
}

/**
 * Runs a program in a group of its own, its output on this process's, and returns its exit status. A signal is for the whole
 * group, as Ctrl-C is in a terminal, and nothing of it is left then.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {string} cwd
 * @returns {Promise<number>}
 */
export async function runGroup(command, args, cwd) {
  const child = spawn(command, args, { cwd, detached: true, stdio: ["ignore", "inherit", "inherit"] });
  /** @type {NodeJS.Timeout | undefined} */
  let killTimer;
  const passOn = (/** @type {NodeJS.Signals} */ signal) => {
    killTimer ??= setTimeout(signalGroup, KILL_AFTER_MS, child.pid, "SIGKILL");
    signalGroup(child.pid, signal);
  };
  for (const signal of SIGNALS) process.on(signal, passOn);
  const code = await new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  if (killTimer !== undefined) {
    for (const deadline = Date.now() + KILL_AFTER_MS; signalGroup(child.pid, 0) && Date.now() < deadline;)
      await new Promise((resolve) => setTimeout(resolve, 50));
    signalGroup(child.pid, "SIGKILL");
    clearTimeout(killTimer);
  }
  for (const signal of SIGNALS) process.removeListener(signal, passOn);
  return code ?? 1;
}

/**
 * Whether there is something in the group that could be sent the signal.
 * @param {number | undefined} leader
 * @param {NodeJS.Signals | 0} signal
 */
export function signalGroup(leader, signal) {
  if (leader === undefined) return false;
  try {
    return process.kill(-leader, signal);
  } catch (error) {
    // macOS says EPERM of a group in which nothing runs any more.
    if (error instanceof Error && "code" in error && ["ESRCH", "EPERM"].includes(String(error.code))) return false;
    throw error;
  }
}

/**
 * The lines from the first error on; npm's reason is followed by a page of advice.
 * @param {string} output
 */
function errorLines(output) {
  const lines = output.trimEnd().split("\n");
  const first = lines.findIndex((line) => /\berror\b|^E: |fatal/i.test(line));
  const shown = first === -1 ? lines.slice(-SHOWN_LINES) : lines.slice(first, first + SHOWN_LINES);
  return shown.map((line) => `  ${line}`).join("\n");
}
