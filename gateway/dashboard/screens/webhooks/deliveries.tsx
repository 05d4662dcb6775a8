import { useCallback, useEffect } from "react";
import { useQuery, useSubscription } from "urql";
import { Link, useParams } from "wouter";
import { useReopened } from "../../api/live.ts";
import { useParameters } from "../../app/parameters.ts";
import { ReadDeliveries, WatchDeliveries, type DeliveryState } from "../../generated/webhooks.ts";
import { Empty } from "../../parts/empty.tsx";
import { Name } from "../../parts/name.tsx";
import { Notice, Problem } from "../../parts/notice.tsx";
import { Pager } from "../../parts/pager.tsx";
import { DeliveryTable, STATE_WORDS } from "./delivery-table.tsx";

const STATES = Object.keys(STATE_WORDS) as readonly DeliveryState[];

/** The log of one webhook, live. */
export default function Deliveries() {
  const { id = "" } = useParams();
  const { parameters, addressWith } = useParameters();
  const asked = parameters.get("state");
  const state = STATES.find((one) => one === asked) ?? null;
  const [{ data, error }, ask] = useQuery({
    query: ReadDeliveries,
    variables: { id, state, after: parameters.get("after") },
  });
  const webhook = data?.node && "webhookId" in data.node ? data.node : undefined;
  const [{ data: told }] = useSubscription({ query: WatchDeliveries, variables: {} });
  const change = told?.webhookDeliveryChanged;
  const webhookId = webhook?.webhookId;
  useEffect(() => {
    if (change?.deliveries.some((delivery) => delivery.webhookId === webhookId)) ask({ requestPolicy: "network-only" });
  }, [change, webhookId, ask]);
  useReopened(useCallback(() => ask({ requestPolicy: "network-only" }), [ask]));

  return (
    <div className="stack">
      <p>
        <Link href="/webhooks">All webhooks</Link>
      </p>
      <h1>Deliveries {webhookId !== undefined && `of webhook ${webhookId}`}</h1>
      {error && <Problem error={error} what="The deliveries could not be read." />}
      {data && webhook === undefined && <Empty title="There is no such webhook">It may have been deleted with its log.</Empty>}
      {webhook && (
        <section className="card stack" aria-label="Deliveries">
          <p>
            <Name text={webhook.url} />
          </p>
          {!webhook.enabled && <Notice tone="doubt">The webhook is switched off: what waits is sent once it is on again.</Notice>}
          <nav className="row" aria-label="Which deliveries">
            {[undefined, ...STATES].map((one) => (
              <Link
                key={one ?? "all"}
                className="button"
                href={addressWith({ state: one, after: undefined })}
                aria-current={(one ?? null) === state ? "true" : undefined}
              >
                {one === undefined ? "All" : STATE_WORDS[one].word}
              </Link>
            ))}
          </nav>
          {webhook.deliveries.nodes.length === 0 ? (
            <Empty title={state === null ? "Nothing was sent yet" : "None of the last 30 days is in this state"}>
              A delivery is made when a scan ends.
            </Empty>
          ) : (
            <DeliveryTable deliveries={webhook.deliveries.nodes} />
          )}
          <Pager pageInfo={webhook.deliveries.pageInfo} what="deliveries" />
        </section>
      )}
    </div>
  );
}
