/** An agent with one of the bench's engines: `agent-process.js null|known|spin|sleep <setting> <copies>`. */

import { createAgent } from "../../scanner-agent/agent.js";
import { readAgentConfig } from "../../scanner-agent/config.js";
import { notifyParent } from "../../schema/lifecycle.js";
import { BENCH_ENGINES, benchEngines } from "./engines.js";

const [, , name, setting, copies = 1] = process.argv;
const own = BENCH_ENGINES.find((one) => one === name);
if (own === undefined) throw new Error(`there is no engine ${name}`);

const config = readAgentConfig();
const agent = createAgent(config, { engines: benchEngines({ own, setting: Number(setting), copies: Number(copies) }) });
let stopping = false;

process.on("SIGTERM", stop);
process.on("SIGINT", stop);
// The process that started this one is gone.
process.on("disconnect", stop);

notifyParent({ kind: "ready", agent: config.agent, engines: await agent.start(), mistakes: agent.mistakes() });
await agent.failed;

function stop(): void {
  if (stopping) return;
  stopping = true;
  void agent.stop().finally(() => process.exit());
}
