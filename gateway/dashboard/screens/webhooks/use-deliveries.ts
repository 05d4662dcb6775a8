/** A page of the log of one webhook, as it is now. */

import { useCallback, useEffect } from "react";
import { useSubscription } from "urql";
import { useReopened } from "../../api/live.ts";
import { useQuestion } from "../../api/question.ts";
import {
  ReadDeliveries,
  WatchDeliveries,
  type DeliveryRowFragment,
  type DeliveryState,
  type WatchDeliveriesSubscription,
} from "../../generated/webhooks.ts";

type ToldDelivery = WatchDeliveriesSubscription["webhookDeliveryChanged"]["deliveries"][number];
type Told = ReadonlyMap<number, ToldDelivery>;

/** The page grows by those that come while one looks; then it is read again. */
const MOST_ROWS = 75;

interface Wanted {
  readonly id: string;
  readonly state: DeliveryState | null;
  readonly after: string | null;
}

export function useDeliveries({ id, state, after }: Wanted) {
  const [{ data, error }, again] = useQuestion({ query: ReadDeliveries, variables: { id, state, after } });
  const webhook = data?.node && "webhookId" in data.node ? data.node : undefined;
  const collect = useCallback(
    (known: Told | undefined, { webhookDeliveryChanged: { deliveries } }: WatchDeliveriesSubscription): Told =>
      new Map([...(known ?? []), ...deliveries.map((delivery) => [delivery.deliveryId, delivery] as const)]),
    [],
  );
  const [{ data: told = new Map() as Told }] = useSubscription({ query: WatchDeliveries, variables: {} }, collect);
  useReopened(again);

  const { nodes = [], pageInfo } = webhook?.deliveries ?? {};
  const oldest = pageInfo?.hasNextPage ? (nodes.at(-1)?.deliveryId ?? 0) : 0;
  const others = [...told.values()].filter((one) => one.webhookId === webhook?.webhookId && one.deliveryId > oldest);
  const rows = new Map<number, DeliveryRowFragment>(nodes.map((node) => [node.deliveryId, told.get(node.deliveryId) ?? node]));
  if (after === null) for (const delivery of others) rows.set(delivery.deliveryId, delivery);
  const deliveries = [...rows.values()]
    .filter((delivery) => state === null || delivery.state === state)
    .toSorted((one, other) => other.deliveryId - one.deliveryId);
  const isTooLong = deliveries.length > MOST_ROWS;
  useEffect(() => {
    if (isTooLong) again();
  }, [isTooLong, again]);
  return { webhook, deliveries, isMissing: data !== undefined && webhook === undefined, error };
}
