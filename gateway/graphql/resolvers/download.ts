import { Arg, Ctx, Mutation, Resolver } from "type-graphql";
import { CreateDownloadInput, CreateDownloadResult, Download } from "../../../schema/graphql/create-download.js";
import type { DownloadFormat } from "../../../schema/graphql/create-download.js";
import type { DownloadRequest, SampleFormat } from "../../db/downloads.js";
import { badInput, GatewayError } from "../../errors.js";
import { createDownload } from "../../scan/downloads.js";
import type { RequestContext } from "../context/request-context.js";
import { Needs } from "../context/scopes.js";
import { scanCriteria } from "../inputs/scan-criteria.js";
import { orUserError, type UserErrorRecord } from "../inputs/user-errors.js";

const FORMATS: Readonly<Record<DownloadFormat, SampleFormat>> = { RAW: "raw", ZIP: "zip", FIRST_64_KIB: "first64KiB" };

@Resolver(() => Download)
export class DownloadResolver {
  @Needs("key")
  @Mutation(() => CreateDownloadResult, {
    description:
      "Creates a URL that works once, within a minute and without a key, so that a browser saves the file by itself: a sample (`sample:read`) or a CSV of scans (`scan:read`).",
  })
  createDownload(
    @Arg("input", () => CreateDownloadInput, { description: "What to download." }) input: CreateDownloadInput,
    @Ctx() context: RequestContext,
  ): Promise<Download | UserErrorRecord> {
    const { mesh, caller, baseUrl } = context;
    return orUserError(["input"], async () => {
      const { token, expiresAt } = await createDownload(mesh, caller, await readRequest(context, input));
      return { url: `${baseUrl}/download/${token}`, expiresAt };
    });
  }
}

async function readRequest({ mesh }: RequestContext, input: CreateDownloadInput): Promise<DownloadRequest> {
  const { sha256, format, filter } = input;
  if (typeof sha256 === "string" && !filter) return { kind: "sample", sha256, format: FORMATS[format ?? "RAW"] };
  if (typeof sha256 === "string" || !filter) throw new GatewayError("BAD_INPUT", "needs exactly one of sha256 and filter");
  if (format) throw badInput("format", "is for samples; scans come as CSV");
  return { kind: "scans", criteria: await scanCriteria(mesh.db, filter) };
}
