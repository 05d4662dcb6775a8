import { GraphQLJSONObject } from "graphql-scalars";
import { Ctx, FieldResolver, Resolver, Root } from "type-graphql";
import type { BriefResult, ResultRecord } from "../../../schema/reports.js";
import { ContainerImage } from "../../../schema/graphql/container-image.js";
import { EngineVersions } from "../../../schema/graphql/engine-versions.js";
import { Result } from "../../../schema/graphql/result.js";
import type { RequestContext } from "../context/request-context.js";

@Resolver(() => Result)
export class ResultResolver {
  /** Whoever read the result may have left them out. */
  @FieldResolver(() => GraphQLJSONObject, { nullable: true })
  async details(
    @Root() result: BriefResult | ResultRecord,
    @Ctx() { loaders }: RequestContext,
  ): Promise<ResultRecord["details"]> {
    if ("details" in result) return result.details;
    const results = await loaders().resultsWithDetails.load(result.scanId);
    return results.find(({ engine }) => engine === result.engine)?.details ?? null;
  }

  @FieldResolver(() => EngineVersions)
  versions(@Root() { engineVersion, signatureVersion, signatureDate }: BriefResult): EngineVersions {
    return { engine: engineVersion, signatures: signatureVersion, signatureDate };
  }

  @FieldResolver(() => ContainerImage, { nullable: true })
  image(@Root() { imageId, imageDigest }: BriefResult): ContainerImage | null {
    return imageId === null ? null : { id: imageId, digest: imageDigest };
  }
}
