import { pino } from "pino";
import { collectGarbage } from "../schema/collect-garbage.js";
import { notifyParent, RESTART_STATUS } from "../schema/lifecycle.js";
import { surviveLostOutput } from "../schema/lost-output.js";
import { OperatorError } from "../schema/operator-error.js";
import { ConfigError } from "../schema/settings.js";
import { createAgent, RestartWanted, type Agent } from "./agent.js";
import { readAgentConfig, type AgentConfig, type JoinedAgent } from "./config.js";
import { reasonOf } from "./contract.js";
import { examine } from "./doctor/doctor.js";
import { findIdentity, joinByCommand, leaveByCommand } from "./join/enlist.js";
import type { Goodbye } from "./work/presence.js";

const USAGE = `Usage: npm run agent [-- join TOKEN | enlist TOKEN | leave | doctor]

Runs a scanner agent on this host, until Ctrl-C.

  join TOKEN    joins a mesh by a token (npm run hosts -- token makes one), then runs; later without join or token
  enlist TOKEN  joins a mesh, and does not run
  leave         says goodbye to the mesh for good, and removes the agent's key; stop the agent first
  doctor        starts and tests every engine that is to run here, without a mesh, and says what does not work
  --help        shows this

Settings are environment variables, such as NATS_URL: docs/run/settings.md lists them.`;

/** Exit statuses: a failure, a mistake that no restart mends, and a requested restart. */
const EXIT = { failed: 1, mistaken: 2, restart: RESTART_STATUS } as const;
const ARGUMENTS: Readonly<Record<string, readonly string[]>> = { join: ["TOKEN"], enlist: ["TOKEN"], leave: [], doctor: [] };

surviveLostOutput();
const words = process.argv.slice(2);
if (words.some((word) => word === "--help" || word === "-h")) {
  process.stdout.write(`${USAGE}\n`);
  process.exit(0);
}
const [command, ...rest] = words;
checkWords();
let agent: Agent | undefined;
let stopping = false;

process.on("SIGTERM", () => stop(0));
process.on("SIGINT", () => stop(0));
// It will not come back.
process.on("SIGUSR2", () => stop(0, "REMOVED"));
// The process that started this one has ended.
process.on("disconnect", () => stop(0));

try {
  const config = readConfig();
  if (command === "doctor") process.exit(await runDoctor(config));
  if (command === "leave") await leaveByCommand(config, complain);
  else if (command === "enlist") await joinByCommand(config, rest[0] ?? "", complain);
  else
    await run(command === "join" ? await joinByCommand(config, rest[0] ?? "", complain) : await findIdentity(config, complain));
} catch (error) {
  fail(error);
}

async function run(joined: JoinedAgent | undefined): Promise<void> {
  const config = readConfig(joined);
  agent = createAgent(config);
  agent.failed.catch(fail);
  const engines = await agent.start();
  collectGarbage();
  if (!stopping) notifyParent({ kind: "ready", agent: config.agent, engines, mistakes: agent.mistakes() });
}

/** Ends this process because of an error. */
function fail(error: unknown): void {
  if (stopping) return;
  if (error instanceof RestartWanted) return stop(EXIT.restart);
  tellFailed(reasonOf(error));
  stop(error instanceof OperatorError ? EXIT.mistaken : EXIT.failed);
}

function readConfig(joined?: JoinedAgent): AgentConfig {
  try {
    return readAgentConfig(undefined, joined);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    tellFailed(error.message);
    process.exit(EXIT.mistaken);
  }
}

function checkWords(): void {
  if (command === undefined) return;
  const needed = ARGUMENTS[command];
  if (needed === undefined)
    complain(`unknown command ${JSON.stringify(command)}: use join, enlist, leave or doctor, or none to run an agent`);
  else if (rest.length > needed.length) complain(`${command} takes ${needed[0] ?? "no arguments"}, but got ${rest.join(" ")}`);
  else if (rest.length < needed.length) complain(`${command} needs ${needed.join(" ")}`);
  else return;
  process.exit(EXIT.mistaken);
}

/** Its exit status is 0 if everything that is to run here does. */
async function runDoctor(config: AgentConfig): Promise<number> {
  try {
    // The log goes to standard error, and only if LOG_LEVEL asks for it.
    const level = config.logLevel === "info" ? "silent" : config.logLevel;
    const { report, healthy } = await examine(config, pino({ level }, pino.destination(2)));
    process.stdout.write(`${report}\n`);
    return healthy ? 0 : 1;
  } catch (error) {
    complain(reasonOf(error));
    return EXIT.mistaken;
  }
}

/** Drains, once: Ctrl-C may arrive both as a signal and as the end of the parent. */
function stop(code: number, goodbye?: Goodbye): void {
  if (stopping) return;
  stopping = true;
  if (agent === undefined) process.exit(code);
  void stopAndExit(agent, code, goodbye);
}

async function stopAndExit(leaving: Agent, code: number, goodbye: Goodbye | undefined): Promise<void> {
  try {
    await leaving.stop(goodbye);
    process.exit(code);
  } catch (error) {
    complain(`the agent did not stop cleanly: ${reasonOf(error)}`);
    process.exit(EXIT.failed);
  }
}

function tellFailed(message: string): void {
  complain(message);
  notifyParent({ kind: "failed", message });
}

function complain(message: string): void {
  process.stderr.write(`${message}\n`);
}
