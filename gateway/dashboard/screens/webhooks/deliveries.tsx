import { Link, useParams } from "wouter";
import { useParameters } from "../../app/parameters.ts";
import type { DeliveryState } from "../../generated/webhooks.ts";
import { Empty } from "../../parts/empty.tsx";
import { Name } from "../../parts/name.tsx";
import { Notice, Problem } from "../../parts/notice.tsx";
import { Pager } from "../../parts/pager.tsx";
import { DeliveryTable, STATE_WORDS } from "./delivery-table.tsx";
import { useDeliveries } from "./use-deliveries.ts";

const STATES = Object.keys(STATE_WORDS) as readonly DeliveryState[];

/** The log of one webhook, live. */
export default function Deliveries() {
  const { id = "" } = useParams();
  const { parameters, addressWith } = useParameters();
  const asked = parameters.get("state");
  const state = STATES.find((one) => one === asked) ?? null;
  const { webhook, deliveries, isMissing, error } = useDeliveries({ id, state, after: parameters.get("after") });
  const webhookId = webhook?.webhookId;

  return (
    <div className="stack">
      <p>
        <Link href="/webhooks">All webhooks</Link>
      </p>
      <h1>Deliveries {webhookId !== undefined && `of webhook ${webhookId}`}</h1>
      {error && <Problem error={error} what="The deliveries could not be read." />}
      {isMissing && <Empty title="There is no such webhook">It may have been deleted with its log.</Empty>}
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
          {deliveries.length === 0 ? (
            <Empty title={state === null ? "Nothing was sent yet" : "None of the last 30 days is in this state"}>
              A delivery is made when a scan ends.
            </Empty>
          ) : (
            <DeliveryTable deliveries={deliveries} />
          )}
          <Pager pageInfo={webhook.deliveries.pageInfo} what="deliveries" />
        </section>
      )}
    </div>
  );
}
