import type { Logger } from "pino";
import { LATEST_DELIVERIES } from "../../schema/graphql/webhook.js";
import type { DeliveryRecord } from "../../schema/webhooks.js";
import type { Database } from "../db/database.js";
import { readLatestDeliveries } from "../db/webhooks.js";
import { createListWatch, type ListWatch } from "./list-watch.js";

/** The latest deliveries of all webhooks. */
export function createDeliveryWatch(db: Database, log: Logger): ListWatch<DeliveryRecord> {
  return createListWatch<DeliveryRecord>(log, {
    name: "the latest deliveries",
    read: () => readLatestDeliveries(db, LATEST_DELIVERIES),
    key: ({ deliveryId }) => String(deliveryId),
    comparable: (delivery) => delivery,
  });
}
