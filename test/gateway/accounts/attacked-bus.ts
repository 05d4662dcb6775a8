/** A nats-server with the streams of a mesh, and an agent that turns on it. There is no gateway: only what NATS lets through counts. */

import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  createAccount,
  createUser,
  decode,
  encodeAccount,
  encodeUser,
  fromSeed,
  type Account as Claims,
  type Export,
} from "@nats-io/jwt";
import { connect, credsAuthenticator, jwtAuthenticator, NatsError, type JetStreamManager, type NatsConnection } from "nats";
import { AGENT_LIMITS, agentImports } from "../../../schema/agent-account.js";
import type { InternetClass } from "../../../schema/classes.js";
import { bundleStream, engineDurable, presenceBucket, streams } from "../../../schema/streams.js";
import { CLAIMS_UPDATE, inboxPrefix } from "../../../schema/subjects.js";
import { makeKeys, type Keys } from "../../../standalone/keys.js";
import { startNats } from "../../../standalone/nats.js";
import { until } from "../../stage/stage.js";
import { startCluster, type Servers } from "./nats-cluster.js";

/** What is loosened for an attacker, to see that its attack then succeeds. */
export interface Loosened {
  /** Added to what the attacker's account imports, or instead of an import of that name. */
  readonly imports?: (classKeys: Readonly<Record<InternetClass, string>>) => NonNullable<Claims["imports"]>;
  readonly limits?: Partial<NonNullable<Claims["limits"]>>;
  /** The whole account of the class, as agents have it that share credentials, or as gateways have it. */
  readonly user?: "agent" | "gateway";
}

/** What a class offers; servers know more of it than the types do. */
export type Offered = (Export & { readonly allow_trace?: boolean })[];

/** The bus that is attacked. */
export interface AttackedBus {
  /** Everything in the isolated account, as a gateway sees it. */
  readonly nc: NatsConnection;
  readonly jsm: JetStreamManager;
  readonly internet: { readonly nc: NatsConnection; readonly jsm: JetStreamManager };
  /** Addresses of the servers, by their names. */
  readonly servers: Readonly<Record<string, string>>;
  /** How the agent `attacker` connects, which has the engine `alpha`: to any server, or to the one at an address. */
  attacker(loosened?: Loosened): Promise<(server?: string) => Promise<NatsConnection>>;
  /** Changes what the isolated class offers to its agents; without a change, it offers what it did at first. */
  offer(change?: (offered: Offered) => Offered): Promise<void>;
  close(): Promise<void>;
}

const SETTINGS = {
  maxDeadlineMs: 60_000,
  scansMaxBytes: 8 * 1024 * 1024,
  samplesMaxBytes: -1,
  bundlesMaxBytes: 8 * 1024 * 1024,
  ackWaitMs: 600_000,
  replicas: 1,
};

/** NATS answers sooner; on a busy machine a cluster takes its time. */
const ANSWER_MS = 20_000;

/** The engines of each class; every agent but the attacker has them. */
const ENGINES = { isolated: ["alpha", "beta"], internet: ["gamma"] } as const;

/** Engines of the attacker. Their names are free: some look like the numbers of requests. */
export const ATTACKERS = ["alpha", ...Array.from({ length: 20 }, (_, n) => String(n))];

/** Of one server, or of a cluster of three. */
export async function startAttackedBus({ servers: size = 1 }: { servers?: 1 | 3 } = {}): Promise<AttackedBus> {
  const dir = await mkdtemp(join(tmpdir(), "scanmesh-attacks-"));
  const keys = await makeKeys(join(dir, "keys"));
  const nats = size === 1 ? await startOne(dir, keys) : await startCluster(dir, keys, size);
  const servers = Object.values(nats.servers);
  const settings = { ...SETTINGS, replicas: size };
  const open: NatsConnection[] = [];
  const as = async (creds: string, prefix = "_INBOX.attacker") => {
    const authenticator = credsAuthenticator(await readFile(creds));
    const nc = await connect({ servers, authenticator, inboxPrefix: prefix, reconnect: false });
    open.push(nc);
    return nc;
  };
  const ofClass = async (internet: InternetClass) => {
    const nc = await as(keys.creds.gateway[internet], "_GATEWAY");
    const jsm = await nc.jetstreamManager({ checkAPI: false, timeout: ANSWER_MS });
    type StreamConfig = Parameters<typeof jsm.streams.add>[0];
    // Servers that have just started have no leader yet, or not all of a stream's places. What is made already stays as it is.
    const make = (what: string, one: () => Promise<unknown>) =>
      size === 1 ? one() : until(`${what} is there`, () => isDone(one));
    for (const stream of [...streams(internet, settings), presenceBucket(settings), bundleStream(settings)])
      await make(stream.name, () => jsm.streams.add(stream as unknown as StreamConfig));
    for (const name of ENGINES[internet]) {
      const durable = engineDurable({ name, speed: "ULTRA", internet }, settings);
      await make(name, () => jsm.consumers.add("SCANS", durable as unknown as Parameters<typeof jsm.consumers.add>[1]));
    }
    return { nc, jsm };
  };
  const isolated = await ofClass("isolated");
  const internet = await ofClass("internet");
  const system = await as(keys.creds.resolver, "_GATEWAY");
  const [accountsKey, agentsKey] = await Promise.all(
    [keys.signing.accounts, keys.signing.agents].map((file) => readFile(file, "utf8")),
  );
  if (accountsKey === undefined || agentsKey === undefined) throw new Error("the keys that sign for agents are missing");
  const classKeys = { isolated: keys.accounts.isolated.publicKey, internet: keys.accounts.internet.publicKey };
  const signingKey = fromSeed(Buffer.from(agentsKey)).getPublicKey();

  async function tell(jwt: string): Promise<void> {
    const told = await system.request(CLAIMS_UPDATE, jwt, { timeout: 10_000 });
    if (told.json<{ data?: { code?: number } }>().data?.code !== 200) throw new Error(told.string());
  }

  async function offer(change = (offered: Offered) => offered): Promise<void> {
    const { name, sub, nats: claims } = decode<Claims>(keys.accounts.isolated.jwt);
    const exports = change(claims.exports ?? []);
    await tell(await encodeAccount(name, sub, { ...claims, exports }, { signer: accountsKey ?? "" }));
  }

  /** Each attacker has an account of its own: what an attack has left of another one is not there. */
  async function attacker({ imports, limits, user }: Loosened = {}): Promise<(server?: string) => Promise<NatsConnection>> {
    if (user !== undefined) return () => as(keys.creds[user].isolated);
    const added = imports?.(classKeys) ?? [];
    const its = agentImports({ agent: "attacker", engines: ATTACKERS, account: classKeys.isolated });
    const names = new Set(added.map(({ name }) => name));
    const [account, key] = [createAccount().getPublicKey(), createUser()];
    const claims = {
      limits: { ...AGENT_LIMITS, ...limits },
      signing_keys: [signingKey],
      imports: [...its.filter(({ name }) => !names.has(name)), ...added],
    };
    await tell(await encodeAccount("agent attacker", account, claims, { signer: accountsKey ?? "" }));
    // Its user may do everything in its account: what the account takes from others has to hold by itself.
    const signed = await encodeUser("attacker", key, account, {}, { signer: agentsKey ?? "" });
    return async (server) => {
      const nc = await connect({
        servers: server ?? servers,
        authenticator: jwtAuthenticator(signed, key.getSeed()),
        inboxPrefix: inboxPrefix("attacker"),
        reconnect: false,
      });
      open.push(nc);
      return nc;
    };
  }

  return {
    ...isolated,
    internet,
    servers: nats.servers,
    attacker,
    offer,
    async close() {
      await Promise.all(open.map((nc) => nc.close()));
      await nats.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** Whether NATS has done it. */
async function isDone(work: () => Promise<unknown>): Promise<boolean> {
  return work().then(
    () => true,
    (error: unknown) => {
      if (error instanceof NatsError) return false;
      throw error;
    },
  );
}

async function startOne(dir: string, keys: Keys): Promise<Servers> {
  const { url, stop } = await startNats({ dir: join(dir, "nats"), keys });
  return { servers: { scanmesh: url }, stop };
}
