import { Ctx, FieldResolver, Resolver, Root } from "type-graphql";
import type { SampleRecord } from "../../../schema/reports.js";
import { Sample } from "../../../schema/graphql/sample.js";
import type { RequestContext } from "../context/request-context.js";

@Resolver(() => Sample)
export class SampleDownload {
  @FieldResolver(() => String, {
    nullable: true,
    description:
      "Where its bytes can be downloaded with a key that has the scope `SAMPLE_READ`; with `?format=zip` in a zip with the password `infected`. Null when they are not stored any more.",
  })
  downloadUrl(@Root() { sha256, stored }: SampleRecord, @Ctx() { baseUrl }: RequestContext): string | null {
    return stored ? `${baseUrl}/samples/${sha256}` : null;
  }
}
