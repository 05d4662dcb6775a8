import { Link } from "wouter";
import { useParameters } from "../../app/parameters.ts";
import type { ReadAuditQuery } from "../../generated/audit.ts";
import { Time } from "../../parts/measure.tsx";
import { Name } from "../../parts/name.tsx";
import { Table } from "../../parts/table.tsx";

type Event = ReadAuditQuery["auditEvents"]["nodes"][number];

/** Details that say what exactly was changed of the subject. */
const SHOWN = ["set", "source", "from", "to"];

/** Events as rows; an action, a subject or a key leads to the events that have it, too. */
export function AuditTable({ events }: { events: readonly Event[] }) {
  return (
    <Table columns={["When", "Action", "Subject", "Key", "From", "Details"]}>
      {events.map((event) => (
        <EventRow key={event.id} of={event} />
      ))}
    </Table>
  );
}

function EventRow({ of: { at, action, subject, keyId, keyName, address, requestId, details } }: { of: Event }) {
  const { addressWith } = useParameters();
  const only = (name: string, value: string) => addressWith({ [name]: value, after: undefined });
  return (
    <tr>
      <td>
        <Time at={at} />
      </td>
      <td>
        <Link href={only("action", action)}>{action}</Link>
      </td>
      <td>
        <Link href={only("subject", subject)}>
          <Name text={subject} />
        </Link>
        {SHOWN.filter((name) => typeof details[name] === "string").map((name) => (
          <div key={name} className="small">
            <Name text={`${name}: ${String(details[name])}`} />
          </div>
        ))}
      </td>
      <td>
        {keyId === null ? (
          "none"
        ) : (
          <Link href={only("key", keyId)}>
            <Name text={keyName ?? keyId} />
          </Link>
        )}
      </td>
      <td>
        <Name text={address} />
      </td>
      <td>
        <details>
          <summary>Details</summary>
          <dl className="facts">
            <dt>Request</dt>
            <dd>
              <Name text={requestId} />
            </dd>
            {Object.entries(details).map(([name, value]) => (
              <div key={name} className="fact">
                <dt>
                  <Name text={name} />
                </dt>
                <dd>
                  <Name text={typeof value === "string" ? value : JSON.stringify(value)} />
                </dd>
              </div>
            ))}
          </dl>
        </details>
      </td>
    </tr>
  );
}
