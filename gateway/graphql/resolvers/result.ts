import { GraphQLJSONObject } from "graphql-scalars";
import { Ctx, FieldResolver, Resolver, Root } from "type-graphql";
import type { Closed } from "../../../schema/closed.js";
import type { BriefResult, ResultRecord } from "../../../schema/reports.js";
import { ClosedMember } from "../../../schema/graphql/closed-member.js";
import { ContainerImage } from "../../../schema/graphql/container-image.js";
import { EngineVersions } from "../../../schema/graphql/engine-versions.js";
import { EngineSetup } from "../../../schema/graphql/engine-setup.js";
import { ResultTimings } from "../../../schema/graphql/result-timings.js";
import { Result } from "../../../schema/graphql/result.js";
import { SuppressedSignature } from "../../../schema/graphql/suppression.js";
import type { Suppressed } from "../../../schema/suppressed.js";
import { causeText } from "../../scan/proof-text.js";
import { timingsOf } from "../../scan/timings.js";
import type { RequestContext } from "../context/request-context.js";
import { listCost, TYPICAL } from "../limits/list-cost.js";

@Resolver(() => Result)
export class ResultResolver {
  @FieldResolver(() => GraphQLJSONObject, { nullable: true })
  async details(@Root() result: BriefResult | ResultRecord, @Ctx() context: RequestContext): Promise<ResultRecord["details"]> {
    return (await wholeResult(result, context))?.details ?? null;
  }

  @FieldResolver(() => [ClosedMember], { complexity: listCost(TYPICAL.closedMembers) })
  async closed(@Root() result: BriefResult | ResultRecord, @Ctx() context: RequestContext): Promise<readonly Closed[]> {
    return (await wholeResult(result, context))?.closed ?? [];
  }

  @FieldResolver(() => String, { nullable: true })
  causeText(@Root() result: BriefResult): string | null {
    return causeText(result);
  }

  @FieldResolver(() => [SuppressedSignature], { complexity: listCost(TYPICAL.suppressed) })
  suppressed(@Root() { suppressed }: BriefResult): readonly Suppressed[] {
    return suppressed ?? [];
  }

  @FieldResolver(() => EngineVersions)
  versions(@Root() { engineVersion, signatureVersion, signatureDate }: BriefResult): EngineVersions {
    return { engine: engineVersion, signatures: signatureVersion, signatureDate };
  }

  @FieldResolver(() => ContainerImage, { nullable: true })
  image(@Root() { imageId, imageDigest }: BriefResult): ContainerImage | null {
    return imageId === null ? null : { id: imageId, digest: imageDigest };
  }

  @FieldResolver(() => ResultTimings)
  async timings(@Root() result: BriefResult, @Ctx() { loaders }: RequestContext): Promise<ResultTimings> {
    const scan = await loaders().scans.load(result.scanId);
    return timingsOf(result, scan?.startDate);
  }

  @FieldResolver(() => EngineSetup, { nullable: true })
  async setup(@Root() { setup }: BriefResult, @Ctx() { loaders }: RequestContext): Promise<EngineSetup | null> {
    const found = setup === null ? null : await loaders().setups.load(setup);
    return found && { ...found, bundles: found.bundles ?? [] };
  }
}

/** Adds the long parts if the result was read without them; undefined if it was deleted meanwhile. */
async function wholeResult(result: BriefResult | ResultRecord, { loaders }: RequestContext): Promise<ResultRecord | undefined> {
  if ("details" in result) return result;
  const results = await loaders().resultsWithDetails.load(result.scanId);
  return results.find(({ engine }) => engine === result.engine);
}
