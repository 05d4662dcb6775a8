import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { pino, type Logger } from "pino";
import { createAbortController } from "../schema/abort-controller.js";
import { type AgentState } from "../schema/control.js";
import { type EnginePresence, type Presence } from "../schema/presence.js";
import { createConnections } from "./join/connections.js";
import { openBundles } from "./work/open-bundles.js";
import { createAnswers } from "./bus/answers.js";
import { endInTurn } from "./work/end-in-turn.js";
import type { AgentConfig } from "./config.js";
import { listenToControl } from "./work/control.js";
import type { EngineParts } from "./engine/engine.js";
import { createStartContained } from "./runners/container/contained-node.js";
import { createContainerHost, type ContainerHost } from "./runners/container/host.js";
import { readMeshIdentity } from "./bus/mesh-identity.js";
import { createInspector, type Inspector } from "./inspect/inspector.js";
import { createOwnEngines } from "./work/own-engines.js";
import { createRoster, type Roster } from "./work/roster.js";
import type { BundleServer } from "./work/serve.js";
import { createSettingsTaker, type Arrangement } from "./work/settings.js";
import { JoinError } from "../schema/join-errors.js";
import { keepMembership, type Membership } from "./join/membership.js";
import { logDestination } from "../schema/log-destination.js";
import { ownVersion } from "../schema/version.js";
import { openFetcher } from "./fetcher/open-fetcher.js";
import type { Fetcher } from "./fetcher/fetcher.js";
import { openRulesets } from "./rulesets/open-rulesets.js";
import type { RulesetServer } from "./rulesets/ruleset-server.js";
import { describeAgent } from "./work/describe-agent.js";
import { startPresence, type Announcer, type Goodbye } from "./work/presence.js";
import { createNatsSampleReader } from "./samples/nats-sample-reader.js";
import { createSampleCache, type SampleCache } from "./samples/sample-cache.js";
import { createSampleMemory } from "./samples/sample-memory.js";
import { createSelfTest } from "./engine/self-test.js";
import { createSwitchingEngine } from "./engine/switching-engine.js";
import { openSpool, type Spool } from "./samples/spool.js";
import { createSpoolFiles } from "./samples/spool-files.js";
import { watchSpoolOrphans, type SpoolOrphans } from "./samples/spool-orphans.js";
import { createInFlight } from "./work/in-flight.js";

const END_LIMIT_MS = 5_000;
const TESTS_MS = 30_000;
const PUBLISH_MS = 600_000;

/** The mesh wants this process to end, so that it is started again. */
export class RestartWanted extends Error {
  override readonly name = "RestartWanted";
}

/** Replaces parts that the configuration would choose; for tests. */
export interface AgentOverrides {
  readonly log?: Logger;
  /** Instead of the engines of the manifests. */
  readonly engines?: readonly EngineParts[];
  /** How long the first tests of engines may hold up the start. */
  readonly testsMs?: number;
  /** How long the bus may refuse an answer before its request is handed back. */
  readonly publishMs?: number;
  /** Told how many answers a message has that the bus has stored, before their requests are acknowledged. */
  readonly onStored?: (answers: number) => void;
  /** Instead of asking the disk of a folder how many bytes are free. */
  readonly readFree?: (folder: string) => number;
  /** Instead of asking the host how many bytes of memory are free. */
  readonly freeMemory?: () => number;
}

/** A scanner agent: runs engines on this host and answers the mesh's requests with them. */
export interface Agent {
  /**
   * Connects, tests the engines, announces them and takes requests; resolves when every engine has been tested, or after a while.
   */
  start(): Promise<readonly EnginePresence[]>;
  /**
   * Takes no more requests, finishes those in flight within the grace, hands the rest back, says goodbye and disconnects. The
   * mesh goes on expecting its engines, unless it is `REMOVED`.
   */
  stop(goodbye?: Goodbye): Promise<void>;
  /** Mistakes in manifests and in the host's choice of engines, a line each; known once it has started. */
  mistakes(): readonly string[];
  /** Rejects if the agent cannot go on because a connection to NATS has ended for good. */
  readonly failed: Promise<never>;
}

/** Creates an agent, which does nothing before it is started. */
export function createAgent(config: AgentConfig, overrides: AgentOverrides = {}): Agent {
  const log = overrides.log ?? pino({ level: config.logLevel, base: { agent: config.agent } }, logDestination());
  const version = ownVersion();
  const startedAt = new Date().toISOString();
  const instance = randomUUID();
  const ending = createAbortController();
  const inFlight = createInFlight();
  let spool: Spool | undefined;
  let orphans: SpoolOrphans | undefined;
  let containers: ContainerHost | undefined;
  let inspector: Inspector | undefined;
  let samples: SampleCache | undefined;
  let roster: Roster | undefined;
  let bundles: BundleServer | undefined;
  let off: readonly string[] = [];
  let announcer: Announcer | undefined;
  let membership: Membership | undefined;
  let fetcher: Fetcher | undefined;
  let rulesets: RulesetServer | undefined;
  let stopping = false;
  let isCopy = false;
  /** The state that an operator wants. */
  let ordered: AgentState = "READY";
  let drainTimer: NodeJS.Timeout | undefined;
  let starting: Promise<unknown> | undefined;
  let fail: (reason: unknown) => void = () => undefined;
  const failed = new Promise<never>((_, reject) => (fail = reject));
  const onEnd = (error: Error) => {
    if (!stopping) fail(error);
  };
  const connections = createConnections(config, { membership: () => membership, onEnd, log, signal: ending.signal });
  const own = createOwnEngines(config, overrides.engines);
  const settings = createSettingsTaker({ arrange: own.arrange, replace, onApplied: onChange, log });

  async function presence(): Promise<Presence> {
    await Promise.all(engines().map((engine) => engine.look()));
    const state = stopping ? "DRAINING" : ordered;
    const jobs = { fetches: fetcher?.jobs(), rules: rulesets?.jobs() };
    const parts = { containers, samples, bundles, engines: engines(), off, settings: settings.applied(), ...jobs };
    return describeAgent(config, { version, startedAt, instance, state, ...parts });
  }

  const engines = () => roster?.engines() ?? [];

  function onChange(): void {
    roster?.update();
    void announcer?.announce();
  }

  function order(state: AgentState): void {
    if (stopping || state === ordered) return;
    log.info({ state, before: ordered }, `The mesh sets this agent to ${state}`);
    ordered = state;
    clearTimeout(drainTimer);
    roster?.hold(state !== "READY");
    const handBack = () => inFlight.handBack(new Error("the agent is draining"));
    if (state === "DRAINING") drainTimer = setTimeout(handBack, config.drainGraceMs);
    void announcer?.announce();
  }

  function restart(of: string): void {
    if (of !== startedAt || stopping) return;
    log.info("The mesh asks this agent to restart");
    fail(new RestartWanted());
  }

  function copy(of: string): void {
    if (of !== instance || stopping) return;
    isCopy = true;
    fail(new JoinError("KEY_IN_USE"));
  }

  async function start(): Promise<readonly EnginePresence[]> {
    const { joined } = config;
    if (joined) membership = keepMembership(config, joined, log, fail);
    spool = await openSpool(config.spool);
    orphans = watchSpoolOrphans(spool.folder, log);
    containers = createContainerHost({
      ...config,
      mesh: await readMeshIdentity(config),
      folder: await spool.make("containers"),
      log,
    });
    void containers.reap();
    const loaded = await own.load({ folder: await spool.make("run"), containers, version, log });
    const { parts } = loaded;
    off = loaded.off;
    const selfTest = await createSelfTest(spool);
    const connect = () => connections.open("bundles");
    const served = await openBundles(config, { spool, containers, selfTest, connect, engines, onChange, log, overrides });
    bundles = served;
    const create = (part: EngineParts) =>
      createSwitchingEngine(
        part,
        {
          selfTest,
          retestMs: config.retestMs,
          log: log.child({ engine: part.manifest.name }),
          onChange() {
            served.check(part.manifest.name);
            onChange();
          },
        },
        served.provisionOf(part.manifest),
      );
    roster = createRoster(parts, create);
    const tested = Promise.all(roster.engines().map((engine) => engine.start()));
    await membership?.ready();
    const [bus, sampleBus] = await Promise.all([connections.open("work"), connections.open("samples")]);
    inspector = createInspector({
      folder: await spool.make("inspect"),
      programPath: config.programPath,
      startContained: createStartContained(containers, log),
      opens: parts.map(({ manifest }) => manifest.opens),
      log,
    });
    samples = createSampleCache(
      createNatsSampleReader(sampleBus),
      createSampleMemory(config.sampleMemory),
      createSpoolFiles(await spool.make("samples"), log, overrides.readFree),
    );
    const { agent, ackWaitMs } = config;
    const { publishMs = PUBLISH_MS } = overrides;
    const answers = createAnswers(bus, overrides.onStored);
    const context = { bus, answers, samples, inspector, agent, ackWaitMs, publishMs, inFlight, log };
    roster.open(context);
    const announce = () => void announcer?.announce();
    fetcher = await openFetcher(config, log, announce);
    const folder = await spool.make("rulesets");
    rulesets = openRulesets(config, { parts, folder, containers, connections, samples, onChange: announce, log });
    const jobs = { fetch: fetcher?.take, rules: rulesets?.take };
    const orders = { order, copy, settings: settings.take, serve: served.take, ...jobs, restart };
    listenToControl(bus, agent, { cancel: inFlight.cancel, engines, log, ...orders });
    announcer = startPresence(bus, config, presence, log);
    onChange();
    // Of an engine that takes longer, e.g. because its image is being pulled, the presence says that it is starting.
    await Promise.race([tested, pause(overrides.testsMs ?? TESTS_MS, undefined, { ref: false })]);
    await announcer.announce();
    return (await presence()).engines;
  }

  async function replace({ parts, off: leftOut }: Arrangement): Promise<void> {
    await roster?.replace(parts);
    off = leftOut ?? off;
  }

  async function stop(goodbye: Goodbye = "RESTARTING"): Promise<void> {
    stopping = true;
    membership?.stop();
    clearTimeout(drainTimer);
    if (!isCopy) void announcer?.announce();
    const drained = Promise.resolve(roster?.drain());
    await Promise.race([drained, pause(announcer ? config.drainGraceMs : 0, undefined, { ref: false })]);
    // Ends what is still starting or running.
    ending.abort(new Error("the agent is stopping"));
    inFlight.handBack(new Error("the agent is stopping"));
    await Promise.race([Promise.allSettled([starting, drained]), pause(END_LIMIT_MS, undefined, { ref: false })]);
    let unserved: Promise<void> | undefined;
    await endInTurn(log, [
      () => Promise.all([fetcher?.stop(), rulesets?.stop()]),
      () => announcer?.withdraw(isCopy ? "NONE" : goodbye),
      () => void (unserved = endInTurn(log, [() => bundles?.stop()])),
      () => connections.close(),
      () => Promise.all(engines().map((engine) => engine.stop())),
      () => unserved,
      () => inspector?.stop(),
      () => containers?.stop(),
      () => orphans?.stop(),
      () => spool?.remove(),
    ]);
  }

  return {
    start() {
      const started = start();
      starting = started;
      return started;
    },
    stop,
    mistakes: own.mistakes,
    failed,
  };
}
