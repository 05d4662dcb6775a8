import { GraphQLDateTimeISO, GraphQLJSONObject, GraphQLSafeInt } from "graphql-scalars";
import { Field, ID, InputType, ObjectType } from "type-graphql";
import { Node } from "./node.js";
import { PageInfo } from "./page-info.js";

@ObjectType({
  implements: Node,
  description: "An action that changed something or downloaded a sample. Events are never changed or removed.",
  simpleResolvers: true,
})
export class AuditEvent extends Node {
  @Field(() => GraphQLDateTimeISO, { description: "When it happened." })
  at!: Date;

  @Field(() => ID, { nullable: true, description: "The id of the API key that was used; null if none was required." })
  keyId!: string | null;

  @Field(() => String, { nullable: true, description: "The name of that key." })
  keyName!: string | null;

  @Field(() => String, { description: "The client address, or `command line`." })
  address!: string;

  @Field(() => String, { description: "The `X-Request-Id` of the request; the caller's own if it sent one." })
  requestId!: string;

  @Field(() => String, { description: "The name of the mutation, or of the action where only REST has it." })
  action!: string;

  @Field(() => String, {
    description:
      "What it was about: the number of a scan, the sha256 of a sample, the name of an engine or agent, or the id of a key.",
  })
  subject!: string;

  @Field(() => GraphQLJSONObject, { description: "More about it; never a secret." })
  details!: Record<string, unknown>;
}

/** Which events to list. */
@InputType({ description: "Which events to list: those that match every given field; case-sensitive." })
export class AuditFilter {
  @Field(() => String, {
    nullable: true,
    description:
      "Whose action, subject, address, request id, key or details contain this text, in any case. Every event in the range of time is looked at, so narrow it where the log is long.",
  })
  text?: string | null;

  @Field(() => ID, { nullable: true, description: "With this API key." })
  keyId?: string | null;

  @Field(() => String, { nullable: true, description: "With this action." })
  action?: string | null;

  @Field(() => String, { nullable: true, description: "About this subject." })
  subject?: string | null;

  @Field(() => GraphQLDateTimeISO, { nullable: true, description: "At this time or later." })
  since?: Date | null;

  @Field(() => GraphQLDateTimeISO, { nullable: true, description: "Before this time." })
  until?: Date | null;
}

@ObjectType({ description: "An event in a list.", simpleResolvers: true })
export class AuditEventEdge {
  @Field(() => String, { description: "The position in the list, for `after`." })
  cursor!: string;

  @Field(() => AuditEvent, { description: "The event." })
  node!: AuditEvent;
}

@ObjectType({ description: "A page of events.", simpleResolvers: true })
export class AuditEventConnection {
  @Field(() => [AuditEventEdge], { description: "The events of this page with their cursors." })
  edges!: readonly AuditEventEdge[];

  @Field(() => [AuditEvent], { description: "The events of this page." })
  nodes!: readonly AuditEvent[];

  @Field(() => PageInfo, { description: "Where this page begins and ends." })
  pageInfo!: PageInfo;

  @Field(() => GraphQLSafeInt, { description: "How many events match the filter, counted only when selected, up to 10,000." })
  totalCount!: number;

  @Field(() => Boolean, { description: "Whether `totalCount` is exact; false: there are more." })
  totalCountIsExact!: boolean;
}
