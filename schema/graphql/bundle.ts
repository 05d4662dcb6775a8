import { GraphQLDateTimeISO, GraphQLSafeInt } from "graphql-scalars";
import { createUnionType, Field, ID, InputType, Int, ObjectType, registerEnumType } from "type-graphql";
import { BundleKind, MAIN_SET } from "../bundle.js";
import { PageInfo } from "./page-info.js";
import { InvalidInput, UserError } from "./user-error.js";

registerEnumType(BundleKind, {
  name: "BundleKind",
  description: "What a bundle holds.",
  valuesConfig: {
    FILES: { description: "A folder of signatures or rules." },
    IMAGE: { description: "A container image." },
  },
});

@ObjectType({
  description: "One version of what an engine needs, such as its signatures. It never changes.",
  simpleResolvers: true,
})
export class Bundle {
  @Field(() => ID, { description: "Names it in this mesh." })
  id!: number;

  @Field(() => String, { description: "The engine that it is for." })
  engine!: string;

  @Field(() => String, {
    description: "Its set: `main` has the engine's own signatures, others those of third parties, or rules.",
  })
  set!: string;

  @Field(() => Int, { description: "Its place in the mesh's own order of this set, from 1." })
  sequence!: number;

  @Field(() => BundleKind, { description: "What it holds." })
  kind!: BundleKind;

  @Field(() => String, { description: "The sha256 of its manifest, which names every file with its own." })
  digest!: string;

  @Field(() => String, { nullable: true, description: "What whoever made the content calls it; null if nobody has said." })
  version!: string | null;

  @Field(() => GraphQLDateTimeISO, { nullable: true, description: "When the content was made; null if nobody has said." })
  date!: Date | null;

  @Field(() => GraphQLSafeInt, { description: "Bytes of all files." })
  size!: number;

  @Field(() => Int, { description: "How many files it has." })
  fileCount!: number;

  @Field(() => String, { description: "Where it is from, in words." })
  source!: string;

  @Field(() => GraphQLDateTimeISO, { description: "When it was published." })
  createdAt!: Date;

  @Field(() => String, {
    nullable: true,
    description: "Name of the API key that published it; null: a fetcher, or nobody who has a key.",
  })
  createdBy!: string | null;

  @Field(() => GraphQLDateTimeISO, { nullable: true, description: "Since when its files are gone; null: they are kept." })
  removedAt!: Date | null;
}

@ObjectType({ description: "A bundle in a list.", simpleResolvers: true })
export class BundleEdge {
  @Field(() => String, { description: "The position in the list, for `after`." })
  cursor!: string;

  @Field(() => Bundle, { description: "The bundle." })
  node!: Bundle;
}

@ObjectType({ description: "A page of bundles.", simpleResolvers: true })
export class BundleConnection {
  @Field(() => [BundleEdge], { description: "Those of this page with their cursors." })
  edges!: readonly BundleEdge[];

  @Field(() => [Bundle], { description: "Those of this page." })
  nodes!: readonly Bundle[];

  @Field(() => PageInfo, { description: "Where this page begins and ends." })
  pageInfo!: PageInfo;
}

@InputType({ description: "A bundle to send." })
export class CreateBundleInput {
  @Field(() => String, { description: "The engine that it is for." })
  engine!: string;

  @Field(() => String, {
    defaultValue: MAIN_SET,
    description: "Its set: 1 to 32 lower-case letters, digits or `-`. The files of all sets of an engine have different names.",
  })
  set!: string;
}

@ObjectType({ description: "Where a bundle is sent to, once.", simpleResolvers: true })
export class CreateBundleSuccess {
  @Field(() => String, {
    description:
      "`GET` says which files are there, `PUT …/<sha256>` takes one, `POST` publishes the bundle (docs/run/updates.md). Whoever knows it can send.",
  })
  url!: string;

  @Field(() => GraphQLDateTimeISO, { description: "When it expires." })
  expiresAt!: Date;
}

@ObjectType({ description: "The bundle's files are not kept any more.", simpleResolvers: true })
export class RemoveBundleSuccess {
  @Field(() => Bundle, { description: "As it is now." })
  bundle!: Bundle;
}

@ObjectType({ implements: UserError, description: "There is no such bundle.", simpleResolvers: true })
export class UnknownBundle extends UserError {}

@ObjectType({ description: "A key whose bundles are taken: this mesh's own, or that of another mesh.", simpleResolvers: true })
export class BundleKey {
  @Field(() => ID, { description: "The sha256 of the public key, for people to compare: `SHA256:…`." })
  fingerprint!: string;

  @Field(() => String, { description: "The public key (Ed25519): base64 of its SubjectPublicKeyInfo." })
  publicKey!: string;

  @Field(() => String, { description: "What that mesh is called here." })
  name!: string;

  @Field(() => Boolean, { description: "Whether it is this mesh's own." })
  isOwn!: boolean;

  @Field(() => GraphQLDateTimeISO, { nullable: true, description: "Since when it is trusted; null: it is this mesh's own." })
  createdAt!: Date | null;
}

@ObjectType({ description: "The key whose bundles are taken, or are not any more.", simpleResolvers: true })
export class BundleKeySuccess {
  @Field(() => BundleKey, { description: "The key." })
  key!: BundleKey;
}

@ObjectType({ implements: UserError, description: "No such key is trusted.", simpleResolvers: true })
export class UnknownBundleKey extends UserError {}

/** Where the bundle is sent to, or what is wrong with the input. */
export const CreateBundleResult = createUnionType({
  name: "CreateBundleResult",
  description: "Where the bundle is sent to, or what is wrong with the input.",
  types: () => [CreateBundleSuccess, InvalidInput] as const,
  resolveType: (value) => ("code" in value ? "InvalidInput" : "CreateBundleSuccess"),
});

/** The bundle whose files are gone, or why they are not. */
export const RemoveBundleResult = createUnionType({
  name: "RemoveBundleResult",
  description: "The bundle whose files are gone, or why they are not.",
  types: () => [RemoveBundleSuccess, UnknownBundle, InvalidInput] as const,
  resolveType: (value) =>
    "code" in value ? (value.code === "NOT_FOUND" ? "UnknownBundle" : "InvalidInput") : "RemoveBundleSuccess",
});

/** The trusted key, or what is wrong with the input. */
export const TrustBundleKeyResult = createUnionType({
  name: "TrustBundleKeyResult",
  description: "The trusted key, or what is wrong with the input.",
  types: () => [BundleKeySuccess, InvalidInput] as const,
  resolveType: (value) => ("code" in value ? "InvalidInput" : "BundleKeySuccess"),
});

/** The key that is trusted no more, or that there is none. */
export const DistrustBundleKeyResult = createUnionType({
  name: "DistrustBundleKeyResult",
  description: "The key that is trusted no more, or an error if none such was.",
  types: () => [BundleKeySuccess, UnknownBundleKey] as const,
  resolveType: (value) => ("code" in value ? "UnknownBundleKey" : "BundleKeySuccess"),
});
