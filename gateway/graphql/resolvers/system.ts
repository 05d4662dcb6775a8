import { Ctx, Query, Resolver } from "type-graphql";
import { System } from "../../../schema/graphql/system.js";
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
}
