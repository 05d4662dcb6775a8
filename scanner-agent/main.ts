import { pino } from "pino";
import { notifyParent } from "../schema/lifecycle.js";
import { surviveLostOutput } from "../schema/lost-output.js";
import { OperatorError } from "../schema/operator-error.js";
import { ConfigError } from "../schema/settings.js";
import { createAgent, type Agent } from "./agent.js";
import { readAgentConfig, type AgentConfig } from "./config.js";
import { reasonOf } from "./contract.js";
import { examine } from "./doctor.js";
import type { Goodbye } from "./work/presence.js";

const USAGE = `Usage: npm run agent [-- doctor]

Runs a scanner agent on this host, until Ctrl-C.

  doctor  starts and tests every engine that is to run here, without a mesh, and says what does not work
  --help  shows this

Settings are environment variables, such as NATS_URL: docs/run/settings.md lists them.`;

surviveLostOutput();
const words = process.argv.slice(2);
if (words.some((word) => word === "--help" || word === "-h")) {
  process.stdout.write(`${USAGE}\n`);
  process.exit(0);
}
const config = readConfig();
if (words.length > 0) process.exit(await runDoctor(words));
const agent = createAgent(config);
let stopping = false;

process.on("SIGTERM", () => stop(0));
process.on("SIGINT", () => stop(0));
// It will not come back.
process.on("SIGUSR2", () => stop(0, "REMOVED"));
// The process that started this one has ended.
process.on("disconnect", () => stop(0));
agent.failed.catch((error: unknown) => {
  complain(reasonOf(error));
  stop(1);
});

try {
  const engines = await agent.start();
  if (!stopping) notifyParent({ kind: "ready", agent: config.agent, engines, mistakes: agent.mistakes() });
} catch (error) {
  if (!stopping) {
    tellFailed(reasonOf(error));
    // What waiting and starting again do not mend.
    stop(error instanceof OperatorError ? 2 : 1);
  }
}

function readConfig(): AgentConfig {
  try {
    return readAgentConfig();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    tellFailed(error.message);
    process.exit(2);
  }
}

/** Runs `doctor`, the only command there is; its exit status is 0 if everything that is to run here does. */
async function runDoctor([command, ...rest]: readonly string[]): Promise<number> {
  if (command !== "doctor") {
    complain(`unknown command ${JSON.stringify(command)}: use doctor, or no command to run an agent`);
    return 2;
  }
  if (rest.length > 0) {
    complain(`doctor takes no arguments, but got ${rest.join(" ")}`);
    return 2;
  }
  try {
    // The log goes to standard error, and only if LOG_LEVEL asks for it.
    const level = config.logLevel === "info" ? "silent" : config.logLevel;
    const { report, healthy } = await examine(config, pino({ level }, pino.destination(2)));
    process.stdout.write(`${report}\n`);
    return healthy ? 0 : 1;
  } catch (error) {
    complain(reasonOf(error));
    return 2;
  }
}

/** Drains, once: Ctrl-C may arrive both as a signal and as the end of the parent. */
function stop(code: number, goodbye?: Goodbye): void {
  if (stopping) return;
  stopping = true;
  void stopAndExit(agent, code, goodbye);
}

async function stopAndExit(leaving: Agent, code: number, goodbye: Goodbye | undefined): Promise<void> {
  try {
    await leaving.stop(goodbye);
    process.exit(code);
  } catch (error) {
    complain(`the agent did not stop cleanly: ${reasonOf(error)}`);
    process.exit(1);
  }
}

function tellFailed(message: string): void {
  complain(message);
  notifyParent({ kind: "failed", message });
}

function complain(message: string): void {
  process.stderr.write(`${message}\n`);
}
