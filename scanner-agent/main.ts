import { tellParent } from "../schema/lifecycle.js";
import { ConfigError } from "../schema/settings.js";
import { createAgent, type Agent } from "./agent.js";
import { readAgentConfig, type AgentConfig } from "./config.js";
import { reasonOf } from "./contract.js";

const config = read();
const agent = createAgent(config);
let stopping = false;

process.on("SIGTERM", () => stop(0));
process.on("SIGINT", () => stop(0));
// The process that started this one is gone.
process.on("disconnect", () => stop(0));
agent.failed.catch((error: unknown) => {
  complain(reasonOf(error));
  stop(1);
});

try {
  const engines = await agent.start();
  if (!stopping) tellParent({ kind: "ready", agent: config.agent, engines });
} catch (error) {
  if (!stopping) {
    tellFailed(reasonOf(error));
    stop(1);
  }
}

function read(): AgentConfig {
  try {
    return readAgentConfig();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    tellFailed(error.message);
    process.exit(2);
  }
}

/** Drains, once however often it is asked: a Ctrl-C may arrive as a signal and as the end of the parent. */
function stop(code: number): void {
  if (stopping) return;
  stopping = true;
  void leave(agent, code);
}

async function leave(leaving: Agent, code: number): Promise<void> {
  try {
    await leaving.stop();
    process.exit(code);
  } catch (error) {
    complain(`it did not stop cleanly: ${reasonOf(error)}`);
    process.exit(1);
  }
}

function tellFailed(message: string): void {
  complain(message);
  tellParent({ kind: "failed", message });
}

function complain(message: string): void {
  process.stderr.write(`${message}\n`);
}
