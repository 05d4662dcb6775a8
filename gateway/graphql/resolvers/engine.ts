import { Arg, Ctx, FieldResolver, Query, Resolver, Root } from "type-graphql";
import type { EngineRecord } from "../../../schema/reports.js";
import { EngineVersions } from "../../../schema/graphql/engine-versions.js";
import { Engine } from "../../../schema/graphql/engine.js";
import { readEngines } from "../../db/engines.js";
import type { RequestContext } from "../context/request-context.js";
import { Needs } from "../context/scopes.js";

/** Engines that the cost of the catalogue is reckoned with. */
const TYPICAL_ENGINES = 25;

@Resolver(() => Engine)
export class EngineResolver {
  @Needs("scan:read")
  @Query(() => [Engine], {
    description: "Every engine that an agent ever announced, by name.",
    complexity: ({ childComplexity }) => 1 + TYPICAL_ENGINES * childComplexity,
  })
  engines(@Ctx() { mesh }: RequestContext): Promise<EngineRecord[]> {
    return readEngines(mesh.db);
  }

  @Needs("scan:read")
  @Query(() => Engine, { nullable: true, description: "The engine with this name, or null." })
  async engine(
    @Arg("name", () => String, { description: "Its name, without regard to case." }) name: string,
    @Ctx() { mesh }: RequestContext,
  ): Promise<EngineRecord | null> {
    const wanted = name.toLowerCase();
    return (await readEngines(mesh.db)).find((engine) => engine.name.toLowerCase() === wanted) ?? null;
  }

  @FieldResolver(() => EngineVersions)
  versions(@Root() { engineVersion, signatureVersion, signatureDate }: EngineRecord): EngineVersions {
    return { engine: engineVersion, signatures: signatureVersion, signatureDate };
  }
}
