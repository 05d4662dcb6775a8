/** Running other programs, and the one way in which a command gives up. */

import { spawn } from "node:child_process";

/** @type {readonly NodeJS.Signals[]} */
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"];

/** Something that the operator can put right; its message is one sentence that says how. */
export class Refusal extends Error {}

/**
 * Runs a program and collects what it prints. Throws {@link Refusal} with its last words if it fails.
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
      reject(new Refusal(`${[command, ...args].join(" ")} ${how}:\n${lastLines(output)}`));
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

/** @param {string} output */
function lastLines(output) {
  const lines = output.trimEnd().split("\n").slice(-15);
  return lines.map((line) => `  ${line}`).join("\n");
}
