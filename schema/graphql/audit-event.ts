import { GraphQLDateTimeISO, GraphQLJSONObject } from "graphql-scalars";
import { Field, ID, InputType, ObjectType } from "type-graphql";
import { PageInfo } from "./page-info.js";

@ObjectType({
  description: "An action that changed something, or gave a sample away. It is never changed or removed.",
  simpleResolvers: true,
})
export class AuditEvent {
  @Field(() => ID, { description: "Unique among the events of this mesh." })
  id!: number;

  @Field(() => GraphQLDateTimeISO, { description: "When it was done." })
  at!: Date;

  @Field(() => ID, { nullable: true, description: "The id of the API key that did it; null where none was asked for." })
  keyId!: string | null;

  @Field(() => String, { nullable: true, description: "What that key is called." })
  keyName!: string | null;

  @Field(() => String, { description: "The network address it was done from, or `command line`." })
  address!: string;

  @Field(() => String, { description: "The request that did it: its `X-Request-Id`, the caller's own if it sent one." })
  requestId!: string;

  @Field(() => String, { description: "What was done: the name of the mutation, or of the verb where REST has no mutation." })
  action!: string;

  @Field(() => String, {
    description: "What it was done to: a scan's number, a sample's sha256, an engine's or agent's name, a key's id.",
  })
  subject!: string;

  @Field(() => GraphQLJSONObject, { description: "More about it; never a secret." })
  details!: Record<string, unknown>;
}

/** Which events to list. */
@InputType({ description: "Which events to list: those that fit all that is given; case-sensitive." })
export class AuditFilter {
  @Field(() => ID, { nullable: true, description: "Done with this API key." })
  keyId?: string | null;

  @Field(() => String, { nullable: true, description: "With this action." })
  action?: string | null;

  @Field(() => String, { nullable: true, description: "Done to this subject." })
  subject?: string | null;

  @Field(() => GraphQLDateTimeISO, { nullable: true, description: "At this time or later." })
  since?: Date | null;

  @Field(() => GraphQLDateTimeISO, { nullable: true, description: "Before this time." })
  until?: Date | null;
}

@ObjectType({ description: "An event in a list.", simpleResolvers: true })
export class AuditEventEdge {
  @Field(() => String, { description: "Names this place in the list, for `after`." })
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
}
