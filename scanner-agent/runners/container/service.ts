import type { EngineVersions } from "../../../schema/engine-versions.js";
import type { ImageIdentity } from "../../../schema/image-identity.js";
import { Unavailable, type RawOutput, type RunOptions, type Runner, type Sample, type TimedOut } from "../../contract.js";
import { awaitReply, createOccupancy, type Conversation, type Occupancy } from "../conversation.js";
import { createGate } from "../gate.js";
import { followDaemon, type FollowedVersions } from "../versions.js";
import { createDeployment } from "./deployment.js";
import { prepareRecipe, type ContainerEngine, type Recipe } from "./recipe.js";
import { startServiceContainer, type ServiceContainer } from "./service-container.js";

/** The engine's one container. */
interface Service {
  readonly recipe: Recipe;
  readonly container: ServiceContainer;
  readonly occupancy: Occupancy;
  readonly versions: FollowedVersions;
}

/** Scans samples with one long-lived container over its socket or port. */
export function createServiceRunner(engine: ContainerEngine, description: string): Runner {
  const { host, log } = engine;
  const gate = createGate();
  const listeners: ((reason: string) => void)[] = [];
  const deployment = createDeployment<Service>(engine, {
    launch,
    discard,
    // If it still has samples, the last to finish discards it (runIn).
    retire: (old) => void (old.occupancy.count() === 0 && discard(old)),
  });

  host.onLost(giveUpContainer);

  /** The engine takes no work until it is started again. */
  function giveUpContainer(reason: string): void {
    const old = deployment.clear();
    if (old === undefined) return;
    void discard(old);
    tell(reason);
  }

  function tell(reason: string): void {
    for (const listener of listeners) listener(reason);
  }

  async function discard({ container }: Service): Promise<void> {
    try {
      await container.discard();
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      log.warn({ reason: error.message }, "a container may be left; the next start of the agent removes it");
    }
  }

  async function launch(): Promise<Service> {
    const recipe = await prepareRecipe(engine);
    const container = await startServiceContainer(engine, recipe, host.nextSlot());
    const versions = await askVersions(container, recipe.image);
    const service = { recipe, container, occupancy: createOccupancy("its container"), versions };
    void container.ended.then((words) => {
      if (deployment.peek() === service) giveUpContainer(`its container ended: ${words}`);
    });
    return service;
  }

  async function askVersions(container: ServiceContainer, image: ImageIdentity): Promise<FollowedVersions> {
    try {
      return await followDaemon(container.versions, image);
    } catch (error) {
      await container.discard();
      throw error;
    }
  }

  async function run(sample: Sample, options: RunOptions): Promise<RawOutput> {
    const leave = await gate.enter(options.alone, options.signal);
    try {
      return await runIn(deployment.current(), sample, options);
    } finally {
      leave();
    }
  }

  async function runIn(service: Service, sample: Sample, options: RunOptions): Promise<RawOutput> {
    const { container, occupancy } = service;
    try {
      return await occupancy.scan(() => converse(service, sample, options), container.endedUnasked);
    } finally {
      if (deployment.peek() !== service && occupancy.count() === 0) void discard(service);
    }
  }

  async function converse(service: Service, sample: Sample, options: RunOptions): Promise<RawOutput> {
    const by = await service.versions.current();
    let confirmed: Promise<EngineVersions> | undefined;
    options.onStart?.({ ...by, confirm: () => confirmed ?? Promise.resolve(by.versions) });
    const conversation = service.container.scan(sample);
    try {
      return await awaitReply(conversation, options, (error) => endContainer(service, conversation, error));
    } finally {
      // Asked while the container is certainly there: after its last sample it may be replaced.
      confirmed = by.confirm?.();
      // A failure is handled by the caller, who labels the answer with it.
      await Promise.allSettled([confirmed]);
    }
  }

  /** A sample can only be stopped by ending the container. If that fails, that error is thrown instead of the timeout. */
  async function endContainer(service: Service, conversation: Conversation, { message }: TimedOut): Promise<void> {
    if (deployment.peek() === service) deployment.clear();
    try {
      await service.container.discard();
    } finally {
      conversation.hangUp();
    }
    tell(`it was ended: ${message}`);
  }

  return {
    takesBytes: true,
    description,
    async start() {
      const service = deployment.peek();
      if (service !== undefined && (await service.container.isAnswering())) return;
      giveUpContainer("it does not answer");
      await deployment.start();
    },
    async versions() {
      return (await (await deployment.refresh()).versions.ask()).versions;
    },
    image: () => deployment.peek()?.recipe.image ?? null,
    warnings: deployment.warnings,
    fingerprint: deployment.fingerprint,
    run,
    async stop() {
      const old = deployment.clear();
      if (old !== undefined) await discard(old);
    },
    onLost: (listener) => void listeners.push(listener),
  };
}
