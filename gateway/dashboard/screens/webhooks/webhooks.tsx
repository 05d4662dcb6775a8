import { Link } from "wouter";
import { visibleText } from "../../../../schema/visible-text.ts";
import { useReading } from "../../api/reading.ts";
import { DeleteHook, EnableHook, ReadWebhooks, type ReadWebhooksQuery } from "../../generated/webhooks.ts";
import { Empty } from "../../parts/empty.tsx";
import { ListCount } from "../../parts/list-count.tsx";
import { Ago } from "../../parts/measure.tsx";
import { Name } from "../../parts/name.tsx";
import { Problem } from "../../parts/notice.tsx";
import { OrderButton } from "../../parts/order-button.tsx";
import { ReadAt } from "../../parts/read-at.tsx";
import { EVENT_WORDS } from "./event-words.ts";
import { NewWebhook } from "./new-webhook.tsx";

type Webhook = ReadWebhooksQuery["webhooks"][number];

/** The list is read again when a webhook is made, changed or deleted. */
const LISTS_WEBHOOKS = { additionalTypenames: ["Webhook", "DeleteWebhookSuccess"] };

function hasGivenUp({ deliveries }: Pick<Webhook, "deliveries">): boolean {
  return deliveries.nodes.length > 0;
}

/** The addresses that events are sent to. */
export default function Webhooks() {
  const reading = useReading({ query: ReadWebhooks, variables: {}, context: LISTS_WEBHOOKS });
  const { data, error } = reading;
  return (
    <div className="stack">
      <h1>Webhooks</h1>
      <NewWebhook />
      <ReadAt of={reading} what="the webhooks" />
      {error && <Problem error={error} what="The webhooks could not be read." />}
      {data?.webhooks.length === 0 && (
        <Empty title="No webhook is there yet">
          A webhook tells another program of each scan that ends, so that it need not ask.
        </Empty>
      )}
      {data && data.webhooks.length > 0 && (
        <ListCount
          count={data.webhooks.length}
          one="webhook"
          attention={[
            [data.webhooks.filter(({ enabled }) => !enabled).length, "switched off"],
            [data.webhooks.filter(hasGivenUp).length, "with deliveries that were given up"],
          ]}
        />
      )}
      {data?.webhooks.map((webhook) => (
        <WebhookCard key={webhook.id} webhook={webhook} />
      ))}
    </div>
  );
}

function WebhookCard({ webhook }: { webhook: Webhook }) {
  const { id, webhookId, url, events, enabled, createdAt } = webhook;
  const log = `/webhooks/${encodeURIComponent(id)}`;
  return (
    <section className="card stack" aria-label={`Webhook ${webhookId}`}>
      <div className="row spread">
        <h2 className="row">
          <Name text={url} />
          <span className={`verdict tone-${enabled ? "clean" : "doubt"}`}>{enabled ? "sends" : "switched off"}</span>
        </h2>
        <span className="soft">
          made <Ago at={createdAt} />
        </span>
      </div>
      <p>{events.map((event) => EVENT_WORDS[event]).join(" · ")}</p>
      {hasGivenUp(webhook) && (
        <p>
          <Link href={`${log}?state=FAILED`}>Deliveries were given up</Link> in the last 30 days.
        </p>
      )}
      <div className="row">
        <Link className="button" href={log}>
          Deliveries <span className="unseen">of webhook {webhookId}</span>
        </Link>
        <OrderButton mutation={EnableHook} variables={{ webhookId, enabled: !enabled }} to={`webhook ${webhookId}`}>
          {enabled ? "Switch off" : "Switch on"}
        </OrderButton>
        <OrderButton
          mutation={DeleteHook}
          variables={{ webhookId }}
          to={`webhook ${webhookId}`}
          question={`Delete the webhook to ${visibleText(url)} and its log? Deliveries that wait are not sent. This cannot be undone.`}
        >
          Delete
        </OrderButton>
      </div>
    </section>
  );
}
