import { setTimeout as pause } from "node:timers/promises";
import { pino, type Logger } from "pino";
import type { AgentState, EnginePresence, Presence } from "../schema/messages.js";
import { connectBus, type Bus } from "./bus/bus.js";
import type { AgentConfig } from "./config.js";
import { listenToControl } from "./work/control.js";
import { createEngine, type Engine, type EngineParts } from "./engine/engine.js";
import { enginesOf } from "./engine/engine-set.js";
import { createContainerHost, type ContainerHost } from "./runners/container/host.js";
import { createIntake, type Intake } from "./work/intake.js";
import { ownVersion } from "../schema/version.js";
import { startPresence, type Announcer } from "./work/presence.js";
import { createSampleCache } from "./samples/sample-cache.js";
import { createSelfTest } from "./engine/self-test.js";
import { openSpool, type Spool } from "./samples/spool.js";
import { watchSpools, type SpoolStrays } from "./samples/spool-orphans.js";
import { createWork } from "./work/in-flight.js";

const FLUSH_MS = 2_000;
const END_LIMIT_MS = 5_000;

/** What can be given instead of what the configuration leads to. */
export interface AgentOverrides {
  readonly log?: Logger;
  /** The engines, instead of those of the manifests. */
  readonly engines?: readonly EngineParts[];
}

/** One agent: its engines, and the work they take from the bus. */
export interface Agent {
  /** Connects, tests the engines, announces them and takes work; resolves when every engine has been tested. */
  start(): Promise<readonly EnginePresence[]>;
  /** Takes no more work, finishes what it has within the grace, hands the rest back and leaves. */
  stop(): Promise<void>;
  /** What is wrong with manifests and with the choice of engines, a line each; known once it has started. */
  mistakes(): readonly string[];
  /** Rejects if the agent cannot go on, which only the end of its connection for good can make happen. */
  readonly failed: Promise<never>;
}

/** Composes an agent; nothing happens before it is started. */
export function createAgent(config: AgentConfig, overrides: AgentOverrides = {}): Agent {
  const log = overrides.log ?? pino({ level: config.logLevel, base: { agent: config.agent } });
  const version = ownVersion();
  const startedAt = new Date().toISOString();
  const ending = new AbortController();
  const work = createWork();
  const buses: Bus[] = [];
  let spool: Spool | undefined;
  let strays: SpoolStrays | undefined;
  let containers: ContainerHost | undefined;
  let engines: readonly Engine[] = [];
  let mistakes: readonly string[] = [];
  let intakes: readonly Intake[] = [];
  let announcer: Announcer | undefined;
  let stopping = false;
  /** What an operator wants it to be. */
  let ordered: AgentState = "READY";
  let patience: NodeJS.Timeout | undefined;
  let starting: Promise<unknown> | undefined;
  let fail: (reason: unknown) => void = () => undefined;
  const failed = new Promise<never>((_, reject) => (fail = reject));

  function presence(): Presence {
    const { agent, host, heartbeatMs, internet } = config;
    return {
      v: 1,
      agent,
      host,
      version,
      class: internet,
      startedAt,
      heartbeatMs,
      state: stopping ? "DRAINING" : ordered,
      proofs: [...(containers?.proofs() ?? [])],
      engines: engines.map((engine) => engine.presence()),
    };
  }

  function onChange(): void {
    for (const intake of intakes) intake.update();
    void announcer?.announce();
  }

  function order(state: AgentState): void {
    if (stopping || state === ordered) return;
    log.info({ state, before: ordered }, "ordered");
    ordered = state;
    clearTimeout(patience);
    for (const intake of intakes) intake.hold(state !== "READY");
    const handBack = () => work.handBack(new Error("the agent is draining"));
    if (state === "DRAINING") patience = setTimeout(handBack, config.drainGraceMs);
    void announcer?.announce();
  }

  async function connection(purpose: string): Promise<Bus> {
    const { servers, credsFile, agent } = config;
    const bus = await connectBus({ servers, credsFile, agent, purpose, log, signal: ending.signal });
    buses.push(bus);
    void bus.closed.then((reason) => {
      if (!stopping) fail(new Error(`the connection to NATS has ended (${String(reason)})`));
    });
    return bus;
  }

  async function start(): Promise<readonly EnginePresence[]> {
    spool = await openSpool(config.spool);
    strays = watchSpools(spool.folder, log);
    containers = createContainerHost({ ...config, folder: await spool.make("containers"), log });
    void containers.reap();
    const parts = overrides.engines ?? (await chosenEngines(await spool.make("run"), containers));
    const selfTest = await createSelfTest(spool);
    engines = parts.map((part) =>
      createEngine(part, { selfTest, retestMs: config.retestMs, log: log.child({ engine: part.manifest.name }), onChange }),
    );
    const tested = Promise.all(engines.map((engine) => engine.start()));
    const [bus, sampleBus] = await Promise.all([connection("work"), connection("samples")]);
    const samples = createSampleCache(sampleBus, await spool.make("samples"), log);
    const { agent, ackWaitMs } = config;
    const context = { bus, samples, agent, ackWaitMs, work, log };
    intakes = engines.map((engine) => createIntake(engine, context));
    listenToControl(bus, agent, { cancel: work.cancel, order, engines, log });
    announcer = startPresence(bus, presence, log);
    onChange();
    await tested;
    await announcer.announce();
    return presence().engines;
  }

  async function chosenEngines(folder: string, host: ContainerHost): Promise<readonly EngineParts[]> {
    const set = await enginesOf(config, { folder, containers: host, version, log });
    mistakes = set.mistakes;
    return set.parts;
  }

  async function stop(): Promise<void> {
    stopping = true;
    clearTimeout(patience);
    void announcer?.announce();
    const drained = Promise.all(intakes.map((intake) => intake.drain()));
    await Promise.race([drained, pause(intakes.length > 0 ? config.drainGraceMs : 0, undefined, { ref: false })]);
    // What is being started or still runs is ended.
    ending.abort(new Error("the agent is stopping"));
    work.handBack(new Error("the agent is stopping"));
    await Promise.race([Promise.allSettled([starting, drained]), pause(END_LIMIT_MS, undefined, { ref: false })]);
    await announcer?.leave();
    await Promise.all(buses.map((bus) => bus.flush(FLUSH_MS)));
    await Promise.all(buses.map((bus) => bus.close()));
    await Promise.all(engines.map((engine) => engine.stop()));
    await containers?.stop();
    strays?.stop();
    await spool?.remove();
  }

  return {
    start() {
      const started = start();
      starting = started;
      return started;
    },
    stop,
    mistakes: () => mistakes,
    failed,
  };
}
