import { GraphQLDateTimeISO, GraphQLSafeInt } from "graphql-scalars";
import { createUnionType, Field, InputType, Int, ObjectType } from "type-graphql";
import { DeliveryState, WebhookEvent } from "./enums.js";
import { PageInfo } from "./page-info.js";
import { InvalidInput, UserError } from "./user-error.js";

@ObjectType({ description: "One event for one webhook.", simpleResolvers: true })
export class WebhookDelivery {
  @Field(() => GraphQLSafeInt, { description: "Its number; `webhook-id` is `msg_` and this." })
  deliveryId!: number;

  @Field(() => WebhookEvent, { description: "What it tells." })
  event!: WebhookEvent;

  @Field(() => GraphQLSafeInt, { description: "The number of the scan that it is about." })
  scanId!: number;

  @Field(() => DeliveryState, { description: "What came of it." })
  state!: DeliveryState;

  @Field(() => Int, { description: "How often it was sent, since it was asked to be sent again if it was." })
  attempts!: number;

  @Field(() => GraphQLDateTimeISO, { description: "When the event was noted." })
  createdAt!: Date;

  @Field(() => GraphQLDateTimeISO, { nullable: true, description: "When it is sent, or sent again; null if it will not be." })
  nextAttemptAt!: Date | null;

  @Field(() => GraphQLDateTimeISO, { nullable: true, description: "When it was sent last." })
  lastAttemptAt!: Date | null;

  @Field(() => Int, {
    nullable: true,
    description: "The HTTP status that the receiver answered then; null if it did not, and while it is being sent.",
  })
  lastStatus!: number | null;

  @Field(() => String, { nullable: true, description: "Why that was no success." })
  lastError!: string | null;
}

@ObjectType({ description: "A page of a webhook's log.", simpleResolvers: true })
export class WebhookDeliveryConnection {
  @Field(() => [WebhookDelivery], { description: "The deliveries of this page." })
  nodes!: readonly WebhookDelivery[];

  @Field(() => PageInfo, { description: "Where this page begins and ends." })
  pageInfo!: PageInfo;
}

@ObjectType({
  description:
    "An address that is told of scans, by a POST that is signed as Standard Webhooks say: HMAC-SHA256 over id, timestamp and body. Deliveries come at least once and in no certain order.",
})
export class Webhook {
  @Field(() => GraphQLSafeInt, { description: "Its number." })
  webhookId!: number;

  @Field(() => String, { description: "Where deliveries are sent to." })
  url!: string;

  @Field(() => [WebhookEvent], { description: "What it is told of." })
  events!: readonly WebhookEvent[];

  @Field(() => Boolean, { description: "Whether it is told. It is switched off by hand, or by an answer of 410 Gone." })
  enabled!: boolean;

  @Field(() => GraphQLDateTimeISO, { description: "Since when it is told." })
  createdAt!: Date;

  @Field(() => WebhookDeliveryConnection, { description: "Its log of the last 30 days, the newest first." })
  deliveries!: WebhookDeliveryConnection;
}

/** Who wants to be told of what. */
@InputType({ description: "Who wants to be told of what." })
export class CreateWebhookInput {
  @Field(() => String, {
    description:
      "An http or https address. It must resolve to an address of the public internet, or of a network in SCANMESH_WEBHOOK_NETWORKS.",
  })
  url!: string;

  @Field(() => [WebhookEvent], { description: "What to be told of." })
  events!: WebhookEvent[];

  @Field(() => String, {
    nullable: true,
    description: "What deliveries are signed with: `whsec_` and the base64 of 24 to 64 bytes. Without it one is made.",
  })
  secret?: string | null;
}

@ObjectType({ description: "The webhook was added." })
export class CreateWebhookSuccess {
  @Field(() => Webhook, { description: "The webhook." })
  webhook!: Webhook;

  @Field(() => String, { description: "What deliveries are signed with. It is shown here and never again." })
  secret!: string;
}

@ObjectType({ description: "The webhook was changed." })
export class SetWebhookEnabledSuccess {
  @Field(() => Webhook, { description: "The webhook." })
  webhook!: Webhook;
}

@ObjectType({ description: "The webhook is gone, and its log with it.", simpleResolvers: true })
export class DeleteWebhookSuccess {
  @Field(() => GraphQLSafeInt, { description: "The number that it had." })
  webhookId!: number;
}

@ObjectType({ description: "The delivery is sent again.", simpleResolvers: true })
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
  description: "The changed webhook, or that there is none.",
  types: () => [SetWebhookEnabledSuccess, UnknownWebhook] as const,
  resolveType: (value) => ("code" in value ? "UnknownWebhook" : "SetWebhookEnabledSuccess"),
});

export const DeleteWebhookResult = createUnionType({
  name: "DeleteWebhookResult",
  description: "That the webhook is gone, or that there was none.",
  types: () => [DeleteWebhookSuccess, UnknownWebhook] as const,
  resolveType: (value) => ("code" in value ? "UnknownWebhook" : "DeleteWebhookSuccess"),
});

export const RedeliverWebhookResult = createUnionType({
  name: "RedeliverWebhookResult",
  description: "The delivery, or that there is none.",
  types: () => [RedeliverWebhookSuccess, UnknownWebhook] as const,
  resolveType: (value) => ("code" in value ? "UnknownWebhook" : "RedeliverWebhookSuccess"),
});
