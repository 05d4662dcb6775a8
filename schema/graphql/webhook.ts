import { GraphQLDateTimeISO, GraphQLSafeInt } from "graphql-scalars";
import { createUnionType, Field, InputType, Int, ObjectType, registerEnumType } from "type-graphql";
import { DeliveryState, WebhookEvent } from "../webhooks.js";
import { Node } from "./node.js";
import { PageInfo } from "./page-info.js";
import { REVISION_TEXT, SNAPSHOT_TEXT } from "./fleet-changes.js";
import { InvalidInput, UserError } from "./user-error.js";

registerEnumType(WebhookEvent, {
  name: "WebhookEvent",
  description: "An event that a webhook can be sent.",
  valuesConfig: {
    SCAN_FINISHED: { description: "A scan became final." },
    SCAN_DETECTED: { description: "A scan became final with a detection, or an engine found something afterwards." },
    VERDICT_FLIPPED: { description: "An engine says something else of a sample than before, since its signatures have changed." },
  },
});
export { WebhookEvent };

registerEnumType(DeliveryState, {
  name: "DeliveryState",
  description: "The state of a delivery.",
  valuesConfig: {
    PENDING: { description: "It waits to be sent, or to be sent again." },
    DELIVERED: { description: "The receiver answered with a 2xx status." },
    FAILED: { description: "It was given up after all attempts; `redeliverWebhook` sends it again." },
  },
});
export { DeliveryState };

/** How many deliveries are watched. */
export const LATEST_DELIVERIES = 100;

@ObjectType({ implements: Node, description: "One event for one webhook.", simpleResolvers: true })
export class WebhookDelivery extends Node {
  @Field(() => GraphQLSafeInt, { description: "Its number; the header `webhook-id` is `msg_` and this number." })
  deliveryId!: number;

  @Field(() => GraphQLSafeInt, { description: "The number of the webhook." })
  webhookId!: number;

  @Field(() => WebhookEvent, { description: "The event." })
  event!: WebhookEvent;

  @Field(() => GraphQLSafeInt, { description: "The number of the scan." })
  scanId!: number;

  @Field(() => DeliveryState, { description: "What came of it." })
  state!: DeliveryState;

  @Field(() => Int, { description: "How often it was sent, counted from the last redelivery." })
  attempts!: number;

  @Field(() => GraphQLDateTimeISO, { description: "When the event happened." })
  createdAt!: Date;

  @Field(() => GraphQLDateTimeISO, { nullable: true, description: "When it is sent next; null if it will not be." })
  nextAttemptAt!: Date | null;

  @Field(() => GraphQLDateTimeISO, { nullable: true, description: "When it was last sent." })
  lastAttemptAt!: Date | null;

  @Field(() => Int, {
    nullable: true,
    description: "The HTTP status of the last answer; null if there was none, and while it is being sent.",
  })
  lastStatus!: number | null;

  @Field(() => String, { nullable: true, description: "Why the last attempt failed." })
  lastError!: string | null;
}

@ObjectType({ description: "A delivery in a list.", simpleResolvers: true })
export class WebhookDeliveryEdge {
  @Field(() => String, { description: "The position in the list, for `after`." })
  cursor!: string;

  @Field(() => WebhookDelivery, { description: "The delivery." })
  node!: WebhookDelivery;
}

@ObjectType({ description: "A page of a webhook's log.", simpleResolvers: true })
export class WebhookDeliveryConnection {
  @Field(() => [WebhookDeliveryEdge], { description: "The deliveries of this page with their cursors." })
  edges!: readonly WebhookDeliveryEdge[];

  @Field(() => [WebhookDelivery], { description: "The deliveries of this page." })
  nodes!: readonly WebhookDelivery[];

  @Field(() => PageInfo, { description: "Where this page begins and ends." })
  pageInfo!: PageInfo;
}

@ObjectType({ description: "The latest deliveries, or those that have changed.", simpleResolvers: true })
export class WebhookDeliveryChange {
  @Field(() => Int, { description: REVISION_TEXT })
  revision!: number;

  @Field(() => Boolean, { description: SNAPSHOT_TEXT })
  snapshot!: boolean;

  @Field(() => [WebhookDelivery], {
    description: "The latest 100 deliveries of all webhooks by when they were last sent, or those that are new or have changed.",
    complexity: ({ childComplexity }) => 1 + LATEST_DELIVERIES * childComplexity,
  })
  deliveries!: readonly WebhookDelivery[];
}

@ObjectType({
  implements: Node,
  description:
    "An address that events are posted to, signed as by Standard Webhooks: HMAC-SHA256 over id, timestamp and body. Deliveries come at least once and in no particular order.",
})
export class Webhook extends Node {
  @Field(() => GraphQLSafeInt, { description: "Its number." })
  webhookId!: number;

  @Field(() => String, { description: "The address that deliveries are sent to." })
  url!: string;

  @Field(() => [WebhookEvent], { description: "The events that are sent." })
  events!: readonly WebhookEvent[];

  @Field(() => Boolean, { description: "Whether events are sent. `setWebhookEnabled` and an answer of 410 Gone switch it off." })
  enabled!: boolean;

  @Field(() => GraphQLDateTimeISO, { description: "When it was created." })
  createdAt!: Date;

  @Field(() => WebhookDeliveryConnection, { description: "Its log of the last 30 days, the newest first." })
  deliveries!: WebhookDeliveryConnection;
}

/** Who wants to be told of what. */
@InputType({ description: "A new webhook." })
export class CreateWebhookInput {
  @Field(() => String, {
    description:
      "An http or https address. It must resolve to an address of the public internet, or of a network in SCANMESH_WEBHOOK_NETWORKS.",
  })
  url!: string;

  @Field(() => [WebhookEvent], { description: "The events to send." })
  events!: WebhookEvent[];

  @Field(() => String, {
    nullable: true,
    description: "The secret that signs deliveries: `whsec_` and the base64 of 24 to 64 bytes. Without it one is generated.",
  })
  secret?: string | null;
}

@ObjectType({ description: "The webhook was added." })
export class CreateWebhookSuccess {
  @Field(() => Webhook, { description: "The webhook." })
  webhook!: Webhook;

  @Field(() => String, { description: "The secret that signs deliveries. It is shown only here." })
  secret!: string;
}

@ObjectType({ description: "The webhook was changed." })
export class SetWebhookEnabledSuccess {
  @Field(() => Webhook, { description: "The webhook." })
  webhook!: Webhook;
}

@ObjectType({ description: "The webhook and its log were deleted.", simpleResolvers: true })
export class DeleteWebhookSuccess {
  @Field(() => GraphQLSafeInt, { description: "Its number." })
  webhookId!: number;
}

@ObjectType({ description: "The delivery will be sent again.", simpleResolvers: true })
export class RedeliverWebhookSuccess {
  @Field(() => WebhookDelivery, { description: "The delivery." })
  delivery!: WebhookDelivery;
}

@ObjectType({ implements: UserError, description: "There is no such webhook or delivery.", simpleResolvers: true })
export class UnknownWebhook extends UserError {}

export const CreateWebhookResult = createUnionType({
  name: "CreateWebhookResult",
  description: "The new webhook, or what is wrong with the input.",
  types: () => [CreateWebhookSuccess, InvalidInput] as const,
  resolveType: (value) => ("code" in value ? "InvalidInput" : "CreateWebhookSuccess"),
});

export const SetWebhookEnabledResult = createUnionType({
  name: "SetWebhookEnabledResult",
  description: "The changed webhook, or an error if there is none.",
  types: () => [SetWebhookEnabledSuccess, UnknownWebhook] as const,
  resolveType: (value) => ("code" in value ? "UnknownWebhook" : "SetWebhookEnabledSuccess"),
});

export const DeleteWebhookResult = createUnionType({
  name: "DeleteWebhookResult",
  description: "The deleted webhook, or an error if there is none.",
  types: () => [DeleteWebhookSuccess, UnknownWebhook] as const,
  resolveType: (value) => ("code" in value ? "UnknownWebhook" : "DeleteWebhookSuccess"),
});

export const RedeliverWebhookResult = createUnionType({
  name: "RedeliverWebhookResult",
  description: "The delivery, or an error if there is none.",
  types: () => [RedeliverWebhookSuccess, UnknownWebhook] as const,
  resolveType: (value) => ("code" in value ? "UnknownWebhook" : "RedeliverWebhookSuccess"),
});
