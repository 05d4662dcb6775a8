/** `npm run hosts -- token|list|accept|revoke|restart …`: how hosts join a mesh, for whoever may write to its database. */

import { setTimeout as pause } from "node:timers/promises";
import { Command, Option } from "commander";
import { readAgentKeys, type AgentKeyRecord } from "../gateway/db/agent-keys.js";
import { readSharingAgents } from "../gateway/db/shared-agents.js";
import { readAgents, type AgentRecord } from "../gateway/db/agents.js";
import { readGateways } from "../gateway/db/gateways.js";
import { readLastRestart } from "../gateway/db/rolling-restarts.js";
import { readJoinTokens, type JoinTokenRecord } from "../gateway/db/join-tokens.js";
import type { Database } from "../gateway/db/database.js";
import { acceptAgent, revokeAgent } from "../gateway/join/agent-keys.js";
import { createJoinToken, JOIN_TOKEN, revokeJoinToken } from "../gateway/join/join-tokens.js";
import { readPin, readTokenLines } from "../gateway/join/token-lines.js";
import { beginRestart } from "../gateway/scan/rolling-restart.js";
import type { InternetClass } from "../schema/classes.js";
import { IMAGE_NAME, type JoinMethod } from "../schema/join-lines.js";
import { OperatorError } from "../schema/operator-error.js";
import { duration } from "../schema/settings.js";
import { suggestName } from "../schema/suggestion.js";
import { textTable } from "../schema/text-table.js";
import { print, runCommand, say } from "./command.js";
import { readLineConfig } from "./config.js";
import { COMMAND_LINE, withDatabase } from "./mesh-database.js";
import { explainOptions } from "./option-mistakes.js";
import { printable } from "./view.js";
import { formatMinute } from "./utc-time.js";

interface TokenOptions {
  readonly class: InternetClass;
  readonly ttl?: string;
  readonly uses: string;
  readonly namePattern?: string;
  readonly ephemeral: boolean;
  readonly url?: string;
  readonly image?: string;
}

/** What a host needs for each line. */
const NEEDS: Readonly<Record<JoinMethod, string>> = {
  CLONE: "in a clone of ScanMesh",
  DOCKER: "with Docker",
  SCRIPT: "with nothing but curl: the gateway brings the agent",
};

async function token({ class: internet, ttl, uses, namePattern, ephemeral, url, image }: TokenOptions): Promise<void> {
  const ttlSeconds = ttl === undefined ? undefined : parseTtl(ttl);
  await withDatabase(async (db, { mesh, gateway: known, certificate }) => {
    const gateway = url ?? known;
    if (gateway === undefined)
      throw new OperatorError(`--url: where a gateway of ${mesh} listens is not known here: name its address.`);
    const input = { class: internet, ttlSeconds, uses: Number(uses), namePattern, ephemeral, gateway };
    if (image !== undefined && !IMAGE_NAME.test(image)) throw new OperatorError("--image: needs the name of an image.");
    const parts = { ...readLineConfig(), ...certificate };
    // Before there is a token: one whose lines cannot be made would be lost.
    await readPin(parts, gateway);
    const { record, text } = await createJoinToken({ db }, COMMAND_LINE, input);
    say(`${describe(record)}. They reach the gateway at ${input.gateway}. Run one of these lines on the host:`);
    for (const { method, text: line } of await readTokenLines({ ...parts, agentImage: image ?? parts.agentImage }, text)) {
      say(`\nOn a host ${NEEDS[method]}:`);
      print(line);
    }
  });
}

function describe({ id, class: internet, uses, expiresAt, namePattern }: JoinTokenRecord): string {
  const agents = uses === 1 ? "one agent joins" : `${uses ?? "any number of"} agents join`;
  const named = namePattern === null ? "" : `, named ${namePattern}`;
  return `By the token ${id} ${agents} the class ${internet} until ${formatMinute(expiresAt)} UTC${named}`;
}

function parseTtl(text: string): number {
  const { data, error } = duration.safeParse(text);
  if (error) throw new OperatorError(`--ttl: ${error.issues.map(({ message }) => message).join(", ")}.`);
  return Math.floor(data / 1_000);
}

async function tokens(db: Database, mesh: string, ended: boolean): Promise<void> {
  const found = await readJoinTokens(db, { ended });
  if (found.length === 0) return say(`There is no join token of ${mesh}.`);
  print(textTable([["Id", "Class", "Names", "Used", "Made", "State", "Agents"], ...found.map(row)]));
}

function row(one: JoinTokenRecord): string[] {
  const { id, class: internet, namePattern, uses, used, createdAt, agents } = one;
  const count = uses === null ? `${used}` : `${used} of ${uses}`;
  return [id, internet, namePattern ?? "any", count, formatMinute(createdAt), describeState(one), agents.join(", ") || "-"];
}

function describeState({ revokedAt, expiresAt, uses, used, ephemeral }: JoinTokenRecord): string {
  if (revokedAt) return `revoked ${formatMinute(revokedAt)}`;
  if (uses !== null && used >= uses) return "used up";
  if (expiresAt && expiresAt.getTime() <= Date.now()) return `expired ${formatMinute(expiresAt)}`;
  return `valid${expiresAt ? ` until ${formatMinute(expiresAt)}` : ""}${ephemeral ? ", ephemeral" : ""}`;
}

async function revokeToken(db: Database, id: string): Promise<void> {
  await revokeJoinToken({ db }, COMMAND_LINE, id);
  say(`Nobody joins by the token ${id} any more. Agents that have joined by it stay.`);
}

async function list(db: Database, mesh: string): Promise<void> {
  const keys = await readAgentKeys(db);
  if (keys.length === 0) return say(`No agent has joined ${mesh} with a key of its own.`);
  const header = ["Agent", "Class", "State", "Host", "Version", "Joined", "Renewed", "Key"];
  print(textTable([header, ...keys.map(keyRow)]));
}

function keyRow({
  agent,
  class: internet,
  state,
  clonedAt,
  host,
  version,
  joinedAt,
  renewedAt,
  publicKey,
}: AgentKeyRecord): string[] {
  const shown = clonedAt === null ? state.toLowerCase() : `${state.toLowerCase()}, copied ${formatMinute(clonedAt)}`;
  return [
    agent,
    internet,
    shown,
    printable(host),
    printable(version),
    formatMinute(joinedAt),
    formatMinute(renewedAt),
    publicKey,
  ];
}

async function accept(db: Database, agent: string, publicKey?: string): Promise<void> {
  const { host } = await acceptAgent({ db }, COMMAND_LINE, agent, publicKey);
  say(`The name ${agent} belongs to the key of ${printable(host)} now; the key before is revoked.`);
}

async function revoke(db: Database, agent: string): Promise<void> {
  await revokeAgent({ db }, COMMAND_LINE, agent);
  say(`The agent ${agent} is cut off within 5 seconds, if a gateway runs, and let in nowhere.`);
}

/** Says what is to be done about hosts. Its exit status is 0 if that is nothing. */
async function doctor(db: Database, mesh: string): Promise<void> {
  const keys = await readAgentKeys(db);
  const problems = [
    ...(await readSharingAgents(db)).map(
      ({ agent, class: internet, host }) =>
        `${agent} (${internet}) of ${printable(host)} works with the credentials that its class shares: join it by a token.`,
    ),
    ...keys
      .filter(({ state }) => state === "WAITING")
      .map(
        ({ agent, host, publicKey }) => `The key ${publicKey} of ${printable(host)} waits to be ${agent}: accept or revoke it.`,
      ),
    ...keys
      .filter(({ state, clonedAt }) => state === "JOINED" && clonedAt !== null)
      .map(
        ({ agent, clonedAt }) =>
          `A second agent ran with the key of ${agent} at ${formatMinute(clonedAt)} UTC: remove the copy, or revoke the key if it was stolen.`,
      ),
  ];
  if (problems.length === 0) return say(`Every agent of ${mesh} has a key of its own, and none waits or was copied.`);
  for (const problem of problems) print(problem);
  process.exitCode = 1;
}

async function restart(db: Database, mesh: string, names: readonly string[]): Promise<void> {
  if ((await readGateways(db)).length === 0)
    throw new OperatorError(`No gateway of ${mesh} runs, and it takes one to restart agents: start the mesh first.`);
  const there = (await readAgents(db)).filter(isThere).map(({ agent }) => agent);
  const missing = names.find((name) => !there.includes(name));
  if (missing !== undefined)
    throw new OperatorError(`${missing} was not heard within the last minutes${suggestName(missing, there)}.`);
  const agents = names.length > 0 ? names : there.toSorted();
  if (agents.length === 0) throw new OperatorError(`No agent of ${mesh} was heard within the last minutes.`);
  const { id } = await beginRestart({ db }, COMMAND_LINE, agents);
  say(`Restarting ${agents.join(", ")}, one after the other. A gateway does it: Ctrl-C here does not stop it.`);
  for (let told = -1; ; await pause(WATCH_MS)) {
    const last = await readLastRestart(db);
    if (last?.id !== id) throw new OperatorError("Another restart has been begun since.");
    for (const agent of last.agents.slice(Math.max(told, 0), last.done)) say(`${agent} is back, and well.`);
    if (last.state === "RUNNING" && told < last.done) say(`Restarting ${last.agents[last.done]} …`);
    told = last.done;
    if (last.state === "FAILED") throw new OperatorError(`The restart has stopped: ${last.problem}`);
    if (last.state !== "RUNNING") return say(last.state === "DONE" ? "All of them were restarted." : "The restart was stopped.");
  }
}

const WATCH_MS = 500;
/** When an agent was last heard is recorded to the minute. */
const HEARD_MS = 180_000;

function isThere({ lastHeardAt }: AgentRecord): boolean {
  return Date.now() - lastHeardAt.getTime() < HEARD_MS;
}

/** What the input of {@link createJoinToken} is called here. */
const OPTIONS: Readonly<Record<string, string>> = {
  gateway: "--url",
  ttl: "--ttl",
  uses: "--uses",
  namePattern: "--name-pattern",
  publicKey: "--key",
};

const program = new Command("hosts").description(
  "How hosts join a mesh. It works on DATABASE_URL, or on the database of npm run up.",
);
program
  .command("token")
  .description("Makes a join token and prints the lines of which one is run on the host, this once.")
  .addOption(new Option("--class <class>", "class of the agents").choices(["isolated", "internet"]).default("isolated"))
  .option("--ttl <duration>", "how long it can be used, such as 30m or 24h", `${JOIN_TOKEN.ttlSeconds / 3_600}h`)
  .option("--uses <number>", "how many agents may join by it", `${JOIN_TOKEN.uses}`)
  .option("--name-pattern <pattern>", "names that they may take; * stands for any characters")
  .option("--ephemeral", "forget them 10 minutes after they are gone", false)
  .option("--url <address>", "where the host reaches the gateway; without it where the gateway of npm run up listens")
  .option("--image <name>", "the agent's image as the host calls it; without it SCANMESH_AGENT_IMAGE")
  .action(token);
program
  .command("tokens")
  .description("Lists the join tokens, the newest first; times are UTC.")
  .option("--ended", "those that are used up, expired or revoked too", false)
  .action(({ ended }: { ended: boolean }) => withDatabase((db, { mesh }) => tokens(db, mesh, ended)));
program
  .command("revoke-token")
  .description("Revokes a join token.")
  .argument("<id>", "its id, as in the list")
  .action((id: string) => withDatabase((db) => revokeToken(db, id)));

program
  .command("list")
  .description("Lists the agents that have joined, with their keys; times are UTC.")
  .action(() => withDatabase((db, { mesh }) => list(db, mesh)));
program
  .command("doctor")
  .description("Names the agents that have not joined, the keys that wait, and those that were copied.")
  .action(() => withDatabase((db, { mesh }) => doctor(db, mesh)));
program
  .command("accept")
  .description("Gives an agent's name to the key that waits for it: its host was installed anew.")
  .argument("<agent>", "the agent's name, as in the list")
  .option("--key <key>", "which key, if several wait")
  .action((agent: string, { key }: { key?: string }) => withDatabase((db) => accept(db, agent, key)));
program
  .command("revoke")
  .description("Takes an agent's key from it: it is cut off, and let in nowhere.")
  .argument("<agent>", "the agent's name, as in the list")
  .action((agent: string) => withDatabase((db) => revoke(db, agent)));

program
  .command("restart")
  .description("Restarts agents one after the other: each drains, ends, is started by what supervises it, and is waited for.")
  .argument("[agents...]", "their names, in this order; without any all that are online")
  .action((agents: string[]) => withDatabase((db, { mesh }) => restart(db, mesh, agents)));

await runCommand(program, { explain: explainOptions(OPTIONS) });
