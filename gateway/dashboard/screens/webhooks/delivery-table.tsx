import { Link } from "wouter";
import { useServerNow } from "../../api/clock.ts";
import { Redeliver, type DeliveryRowFragment, type DeliveryState } from "../../generated/webhooks.ts";
import { Ago, durationText } from "../../parts/measure.tsx";
import { Name } from "../../parts/name.tsx";
import type { Tone } from "../../parts/notice.tsx";
import { OrderButton } from "../../parts/order-button.tsx";
import { numbers, Table } from "../../parts/table.tsx";

export const STATE_WORDS: Readonly<Record<DeliveryState, { readonly word: string; readonly mark: string; readonly tone: Tone }>> =
  {
    PENDING: { word: "Waiting", mark: "…", tone: "running" },
    FAILED: { word: "Given up", mark: "✖", tone: "infected" },
    DELIVERED: { word: "Delivered", mark: "✔", tone: "clean" },
  };

export function DeliveryTable({ deliveries }: { deliveries: readonly DeliveryRowFragment[] }) {
  return (
    <Table columns={["State", "Event", "Scan", "Last answer", numbers("Attempts"), "Made", "Send again"]}>
      {deliveries.map((delivery) => (
        <DeliveryRow key={delivery.id} of={delivery} />
      ))}
    </Table>
  );
}

function DeliveryRow({ of: delivery }: { of: DeliveryRowFragment }) {
  const { deliveryId, event, scanId, state, attempts, createdAt, lastStatus, lastError, nextAttemptAt } = delivery;
  const { word, mark, tone } = STATE_WORDS[state];
  const now = useServerNow();
  const wait = nextAttemptAt === null ? 0 : Date.parse(nextAttemptAt) - now;
  return (
    <tr>
      <td>
        <span className={`verdict tone-${tone}`}>
          <span aria-hidden="true">{mark}</span>
          {word}
        </span>
        {wait > 0 && <div className="soft small">next in {durationText(wait)}</div>}
      </td>
      <td className="mono">{event}</td>
      <td>
        <Link href={`/scan/${scanId}`}>#{scanId}</Link>
      </td>
      <td>
        {lastStatus !== null && <>{lastStatus} </>}
        {lastError !== null && <Name text={lastError} />}
      </td>
      <td className="number">{attempts}</td>
      <td>
        <Ago at={createdAt} />
      </td>
      <td>
        <OrderButton mutation={Redeliver} variables={{ deliveryId }} to={`delivery ${deliveryId}`}>
          Send again
        </OrderButton>
      </td>
    </tr>
  );
}
