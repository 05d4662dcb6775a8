/**
 * An agent with engines of our own: `agent-process.js isolated`, or `agent-process.js internet JOURNAL`. With DIE_AFTER_STORING=n it
 * dies as soon as the bus has a message with so many answers, or more.
 */

import { createAgent } from "../../../scanner-agent/agent.js";
import { readAgentConfig } from "../../../scanner-agent/config.js";
import { notifyParent } from "../../../schema/lifecycle.js";
import { canary, hasher, honeypot } from "./engines.js";

const [, , internet, journal = ""] = process.argv;
const config = readAgentConfig();
const fatal = Number(process.env["DIE_AFTER_STORING"] ?? Infinity);
const agent = createAgent(config, {
  engines: internet === "internet" ? [honeypot(journal)] : [canary(), hasher()],
  onStored(answers) {
    if (answers >= fatal) process.kill(process.pid, "SIGKILL");
  },
});
let stopping = false;

process.on("SIGTERM", stop);
process.on("SIGINT", stop);
// The process that started this one is gone.
process.on("disconnect", stop);

notifyParent({ kind: "ready", agent: config.agent, engines: await agent.start(), mistakes: agent.mistakes() });
agent.failed.catch((error: unknown) => {
  process.stderr.write(`${String(error)}\n`);
  process.exit(1);
});

function stop(): void {
  if (stopping) return;
  stopping = true;
  void agent.stop().finally(() => process.exit());
}
