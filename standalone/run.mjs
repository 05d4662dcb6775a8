/** Running other programs, and the one way in which a command gives up. */

import { spawn } from "node:child_process";

/** @type {readonly NodeJS.Signals[]} */
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"];

const SHOWN_LINES = 12;

/** Something that the operator can put right; its message is one sentence that says how. */
export class Refusal extends Error {}

/**
 * Runs a program and collects what it prints. Throws {@link Refusal} with what it complains of if it fails.
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
      reject(new Refusal(`${[command, ...args].join(" ")} ${how}:\n${complaint(output)}`));
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
 * The lines from the first error on; npm's reason is followed by a page of advice.
 * @param {string} output
 */
function complaint(output) {
  const lines = output.trimEnd().split("\n");
  const first = lines.findIndex((line) => /\berror\b|^E: |fatal/i.test(line));
  const shown = first === -1 ? lines.slice(-SHOWN_LINES) : lines.slice(first, first + SHOWN_LINES);
  return shown.map((line) => `  ${line}`).join("\n");
}
