import { Ctx, FieldResolver, Query, Resolver } from "type-graphql";
import { GatewayInstance, OutboxState, System } from "../../../schema/graphql/system.js";
import { readGateways, readOutboxStatus, type GatewayRecord } from "../../db/gateways.js";
import { readSystem, type SystemRecord } from "../../scan/system.js";
import type { RequestContext } from "../context/request-context.js";
import { Needs } from "../context/scopes.js";

@Resolver(() => System)
export class SystemResolver {
  @Needs("scan:read")
  @Query(() => System, { description: "The gateway that answers, and the stores behind it." })
  system(@Ctx() { mesh }: RequestContext): Promise<SystemRecord> {
    return readSystem(mesh);
  }

  @FieldResolver(() => [GatewayInstance])
  gateways(@Ctx() { mesh }: RequestContext): Promise<GatewayRecord[]> {
    return readGateways(mesh.db);
  }

  @FieldResolver(() => OutboxState)
  async outbox(@Ctx() { mesh }: RequestContext): Promise<OutboxState> {
    const { unpublished, held, oldest } = await readOutboxStatus(mesh.db);
    return { unpublished: unpublished.count, held: held.count, oldest };
  }
}
