import { Ctx, FieldResolver, Query, Resolver, Root, Subscription } from "type-graphql";
import { GatewayInstance, OutboxState, Readiness, System } from "../../../schema/graphql/system.js";
import { readGateways, readOutboxStatus } from "../../db/gateways.js";
import type { ReadinessRecord } from "../../scan/readiness.js";
import { readSystem, type SystemRecord, type WholeSystemRecord } from "../../scan/system.js";
import type { ListChange } from "../../watch/list-watch.js";
import type { RequestContext } from "../context/request-context.js";
import { Needs } from "../context/scopes.js";

@Resolver(() => System)
export class SystemResolver {
  @Needs("scan:read")
  @Query(() => System, { description: "The gateway that answers, and the stores behind it." })
  system(@Ctx() { mesh }: RequestContext): Promise<SystemRecord> {
    return readSystem(mesh);
  }

  @Needs("scan:read")
  @Subscription(() => System, {
    description: "The parts of the mesh, then as they are after each change, looked at every five seconds.",
    subscribe: ({ context }: { context: RequestContext }) => context.mesh.meshWatches.system.watch(),
  })
  systemUpdated(@Root() { items }: ListChange<WholeSystemRecord>): WholeSystemRecord | undefined {
    return items[0];
  }

  @FieldResolver(() => [GatewayInstance])
  gateways(@Root() { gateways }: Partial<WholeSystemRecord>, @Ctx() { mesh }: RequestContext) {
    return gateways ?? readGateways(mesh.db);
  }

  @FieldResolver(() => OutboxState)
  async outbox(@Root() { outbox }: Partial<WholeSystemRecord>, @Ctx() { mesh }: RequestContext): Promise<OutboxState> {
    const { unpublished, held, oldest } = outbox ?? (await readOutboxStatus(mesh.db));
    return { unpublished: unpublished.count, held: held.count, oldest };
  }
}

/** The reason shown for a degraded gateway. */
const NATS_IS_AWAY = "NATS is away: nothing can be sent now, and results come later.";

@Resolver(() => Readiness)
export class ReadinessResolver {
  @Needs("key")
  @Subscription(() => Readiness, {
    description:
      "Whether the gateway that answers can serve, then each change, looked at every second. `/readyz` says the same to those who have no key.",
    subscribe: ({ context }: { context: RequestContext }) => context.mesh.meshWatches.readiness.watch(),
  })
  readinessUpdated(@Root() { items }: ListChange<ReadinessRecord>): Readiness {
    const { status, reason } = items[0] ?? { status: "unavailable", reason: undefined };
    return { ready: status !== "unavailable", reason: status === "ok" ? null : (reason ?? NATS_IS_AWAY) };
  }
}
