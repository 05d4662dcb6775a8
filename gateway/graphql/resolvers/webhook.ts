import { GraphQLSafeInt } from "graphql-scalars";
import { Arg, Ctx, FieldResolver, Int, Mutation, Query, Resolver, Root, Subscription } from "type-graphql";
import {
  CreateWebhookInput,
  CreateWebhookResult,
  DeleteWebhookResult,
  RedeliverWebhookResult,
  SetWebhookEnabledResult,
  Webhook,
  WebhookDeliveryChange,
  WebhookDeliveryConnection,
} from "../../../schema/graphql/webhook.js";
import { DeliveryState } from "../../../schema/graphql/webhook.js";
import type { DeliveryRecord, WebhookRecord } from "../../../schema/webhooks.js";
import { readDeliveries, readWebhooks } from "../../db/webhooks.js";
import { createWebhook, redeliver, removeWebhook, setWebhookEnabled } from "../../scan/webhooks.js";
import { pageOf, PAGE, pageLength, type Connection } from "../inputs/connection.js";
import { cursorOf, placeOf } from "../inputs/cursors.js";
import type { ListChange } from "../../watch/list-watch.js";
import type { RequestContext } from "../context/request-context.js";
import { Needs } from "../context/scopes.js";
import { orUserError, type UserErrorRecord } from "../inputs/user-errors.js";
import { listCost, pageCost, TYPICAL } from "../limits/list-cost.js";

/** The same name for all webhooks, because `webhooks` passes one cursor to all of them. */
const DELIVERIES = "deliveries";

@Resolver(() => Webhook)
export class WebhookResolver {
  @Needs("admin")
  @Query(() => [Webhook], {
    description: "Every webhook, the oldest first.",
    complexity: listCost(TYPICAL.webhooks),
  })
  webhooks(@Ctx() { mesh }: RequestContext): Promise<WebhookRecord[]> {
    return readWebhooks(mesh.db);
  }

  @FieldResolver(() => WebhookDeliveryConnection, {
    complexity: pageCost,
  })
  async deliveries(
    @Root() { webhookId }: WebhookRecord,
    @Arg("first", () => Int, { defaultValue: PAGE.default, description: "How many: 1 to 100." }) first: number,
    @Arg("after", () => String, { nullable: true, description: "Continues after this cursor." }) after: string | null | undefined,
    @Arg("state", () => DeliveryState, { nullable: true, description: "Only deliveries in this state." })
    state: DeliveryState | null | undefined,
    @Ctx() { mesh }: RequestContext,
  ): Promise<Connection<DeliveryRecord>> {
    const limit = pageLength(first) + 1;
    const place = placeOf(DELIVERIES, after);
    const found = await readDeliveries(mesh.db, webhookId, { after: place?.id, limit, state: state ?? undefined });
    const cursor = ({ deliveryId }: DeliveryRecord) => cursorOf(DELIVERIES, { id: deliveryId, micros: 0 });
    return pageOf(found, { first, continued: place !== undefined, cursorOf: cursor });
  }

  @Needs("admin")
  @Subscription(() => WebhookDeliveryChange, {
    description: "The latest deliveries of all webhooks, then each that is new or changes, checked about once a second.",
    subscribe: ({ context }: { context: RequestContext }) => context.mesh.deliveryWatch.watch(),
  })
  webhookDeliveryChanged(@Root() { items, revision, snapshot }: ListChange<DeliveryRecord>) {
    return { revision, snapshot, deliveries: items };
  }

  @Needs("admin")
  @Mutation(() => CreateWebhookResult, { description: "Adds a webhook that is sent events from now on." })
  createWebhook(
    @Arg("input", () => CreateWebhookInput, { description: "The webhook to add." }) input: CreateWebhookInput,
    @Ctx() { mesh, caller }: RequestContext,
  ): Promise<{ webhook: WebhookRecord; secret: string } | UserErrorRecord> {
    return orUserError(["input"], () => createWebhook(mesh, caller, { ...input, secret: input.secret ?? undefined }));
  }

  @Needs("admin")
  @Mutation(() => SetWebhookEnabledResult, {
    description: "Switches a webhook on or off. Deliveries that were pending are sent once it is on again.",
  })
  setWebhookEnabled(
    @Arg("webhookId", () => GraphQLSafeInt, { description: "Its number." }) webhookId: number,
    @Arg("enabled", () => Boolean, { description: "Whether events are sent to it." }) enabled: boolean,
    @Ctx() { mesh, caller }: RequestContext,
  ): Promise<{ webhook: WebhookRecord } | UserErrorRecord> {
    return orUserError(["webhookId"], async () => ({ webhook: await setWebhookEnabled(mesh, caller, webhookId, enabled) }));
  }

  @Needs("admin")
  @Mutation(() => DeleteWebhookResult, { description: "Deletes a webhook and its log." })
  deleteWebhook(
    @Arg("webhookId", () => GraphQLSafeInt, { description: "Its number." }) webhookId: number,
    @Ctx() { mesh, caller }: RequestContext,
  ): Promise<{ webhookId: number } | UserErrorRecord> {
    return orUserError(["webhookId"], async () => {
      await removeWebhook(mesh, caller, webhookId);
      return { webhookId };
    });
  }

  @Needs("admin")
  @Mutation(() => RedeliverWebhookResult, { description: "Sends a delivery again, whatever its state." })
  redeliverWebhook(
    @Arg("deliveryId", () => GraphQLSafeInt, { description: "Its number." }) deliveryId: number,
    @Ctx() { mesh, caller }: RequestContext,
  ): Promise<{ delivery: DeliveryRecord } | UserErrorRecord> {
    return orUserError(["deliveryId"], async () => ({ delivery: await redeliver(mesh, caller, deliveryId) }));
  }
}
