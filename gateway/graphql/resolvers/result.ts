import { FieldResolver, Resolver, Root } from "type-graphql";
import type { ResultRecord } from "../../../schema/reports.js";
import { ContainerImage } from "../../../schema/graphql/container-image.js";
import { EngineVersions } from "../../../schema/graphql/engine-versions.js";
import { Result } from "../../../schema/graphql/result.js";

@Resolver(() => Result)
export class ResultResolver {
  @FieldResolver(() => EngineVersions)
  versions(@Root() { engineVersion, signatureVersion, signatureDate }: ResultRecord): EngineVersions {
    return { engine: engineVersion, signatures: signatureVersion, signatureDate };
  }

  @FieldResolver(() => ContainerImage, { nullable: true })
  image(@Root() { imageId, imageDigest }: ResultRecord): ContainerImage | null {
    return imageId === null ? null : { id: imageId, digest: imageDigest };
  }
}
