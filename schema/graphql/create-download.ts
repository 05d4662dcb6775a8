import { GraphQLDateTimeISO } from "graphql-scalars";
import { createUnionType, Field, InputType, ObjectType, registerEnumType } from "type-graphql";
import { ScanFilter } from "./scan-filter.js";
import { InvalidInput, MeshUnavailable, SampleUnavailable, typeOfUserError } from "./user-error.js";

/** How a download gives a sample. */
export const DownloadFormat = { RAW: "RAW", ZIP: "ZIP", FIRST_64_KIB: "FIRST_64_KIB" } as const;
export type DownloadFormat = keyof typeof DownloadFormat;
registerEnumType(DownloadFormat, {
  name: "DownloadFormat",
  description: "How a download gives a sample.",
  valuesConfig: {
    RAW: { description: "The bytes as they are." },
    ZIP: { description: "In a zip with the password `infected`." },
    FIRST_64_KIB: { description: "Its first 64 KiB as they are; all of a smaller sample." },
  },
});

/** What to download, given in exactly one of two ways. */
@InputType({
  description:
    "What to download: a sample (`sha256`; the key needs `sample:read`) or a CSV of scans (`filter`; the key needs `scan:read`). Exactly one of them.",
})
export class CreateDownloadInput {
  @Field(() => String, { nullable: true, description: "The sha256 of a stored sample." })
  sha256?: string | null;

  @Field(() => DownloadFormat, { nullable: true, description: "How to give the sample; RAW if it is left out." })
  format?: DownloadFormat | null;

  @Field(() => ScanFilter, {
    nullable: true,
    description: "Which scans, as `scans` takes it: a line for each, the newest first. Without any field all scans.",
  })
  filter?: ScanFilter | null;
}

@ObjectType({ description: "A URL that gives a file once, to whoever has it.", simpleResolvers: true })
export class Download {
  @Field(() => String, {
    description: "GET it, without a key. It gives the file once, as an attachment, and is not found afterwards.",
  })
  url!: string;

  @Field(() => GraphQLDateTimeISO, { description: "Until when the download may begin: a minute after it was created." })
  expiresAt!: Date;
}

/** The download, or an error that implements `UserError`. */
export const CreateDownloadResult = createUnionType({
  name: "CreateDownloadResult",
  description: "The download, or an error that the caller can act on.",
  types: () => [Download, SampleUnavailable, InvalidInput, MeshUnavailable] as const,
  resolveType: (value) => ("code" in value ? typeOfUserError(value.code) : "Download"),
});
