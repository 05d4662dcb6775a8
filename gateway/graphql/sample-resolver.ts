import { Arg, Ctx, Query, Resolver } from "type-graphql";
import type { SampleRecord } from "../../schema/reports.js";
import { Sample } from "../../schema/graphql/sample.js";
import { findSample } from "../db/samples.js";
import { GatewayError } from "../errors.js";
import type { RequestContext } from "./request-context.js";
import { Needs } from "./scopes.js";

@Resolver(() => Sample)
export class SampleResolver {
  @Needs("scan:read")
  @Query(() => Sample, { nullable: true, description: "The newest sample with this hash, or null." })
  async sample(
    @Arg("hash", () => String, { description: "Its md5, sha1 or sha256 in hex." }) hash: string,
    @Ctx() { mesh }: RequestContext,
  ): Promise<SampleRecord | null> {
    if (!/^([0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64})$/i.test(hash)) {
      throw new GatewayError("BAD_INPUT", "hash: must be an md5 (32), sha1 (40) or sha256 (64 hex digits)");
    }
    return (await findSample(mesh.db, hash.toLowerCase())) ?? null;
  }
}
