import { Ctx, FieldResolver, Query, Resolver } from "type-graphql";
import { OPTION_LIMITS } from "../../../schema/scan-options.js";
import type { Scope } from "../../../schema/scopes.js";
import { Viewer, ViewerLimits } from "../../../schema/graphql/viewer.js";
import { VERSION } from "../../scan/system.js";
import { readApiKey } from "../../db/api-keys.js";
import type { RequestContext } from "../context/request-context.js";
import { Needs } from "../context/scopes.js";
import { PAGE } from "../inputs/connection.js";
import { BASE64_LIMIT } from "../inputs/submission.js";

@Resolver(() => Viewer)
export class ViewerResolver {
  @Needs("key")
  @Query(() => Viewer, { description: "Who asks, and what the caller may do here." })
  viewer(@Ctx() { mesh, caller }: RequestContext): Omit<Viewer, "limits"> {
    return {
      authRequired: mesh.config.auth === "keys",
      keyId: caller.key?.id ?? null,
      keyName: caller.key?.name ?? null,
      scopes: [...caller.scopes] satisfies Scope[],
      serverTime: new Date(),
      version: VERSION,
    };
  }

  @FieldResolver(() => ViewerLimits)
  async limits(@Ctx() { mesh: { config, db }, caller }: RequestContext): Promise<ViewerLimits> {
    const key = caller.key === null ? undefined : await readApiKey(db, caller.key.id);
    return {
      sampleBytes: config.uploadMaxBytes,
      base64Bytes: BASE64_LIMIT,
      batchSamples: OPTION_LIMITS.batch,
      pageLength: PAGE.most,
      deadlineSeconds: OPTION_LIMITS.deadlineMs.max / 1_000,
      subscriptions: config.subscriptionsMax,
      rate: key?.rate ?? null,
      dailyScans: key?.dailyScans ?? null,
      scansToday: key?.scansToday ?? null,
    };
  }
}
