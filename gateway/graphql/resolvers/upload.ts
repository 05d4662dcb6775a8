import { Ctx, Mutation, Resolver } from "type-graphql";
import { Upload } from "../../../schema/graphql/submit-scan.js";
import { createUpload } from "../../scan/uploads.js";
import type { RequestContext } from "../context/request-context.js";
import { Needs } from "../context/scopes.js";

@Resolver(() => Upload)
export class UploadResolver {
  @Needs("scan:write")
  @Mutation(() => Upload, { description: "Creates an upload URL for a sample of any size; `submitScan` takes its id." })
  async createUpload(@Ctx() { mesh, caller, baseUrl }: RequestContext): Promise<Upload> {
    const { id, expiresAt } = await createUpload(mesh, caller);
    return { id, url: `${baseUrl}/upload/${id}`, expiresAt };
  }
}
