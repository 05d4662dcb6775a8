import { useMemo } from "react";
import { useReading } from "../../api/reading.ts";
import { useSearch } from "../../app/location.ts";
import { CountEvents, ReadAudit } from "../../generated/audit.ts";
import { Empty } from "../../parts/empty.tsx";
import { ListCount } from "../../parts/list-count.tsx";
import { Problem } from "../../parts/notice.tsx";
import { Pager } from "../../parts/pager.tsx";
import { ReadAt } from "../../parts/read-at.tsx";
import { AuditForm } from "./audit-form.tsx";
import { AuditTable } from "./audit-table.tsx";

/** What was changed or downloaded, by whom and when. */
export default function Audit() {
  const search = useSearch();
  const variables = useMemo(() => variablesOf(new URLSearchParams(search)), [search]);
  const reading = useReading({ query: ReadAudit, variables });
  const { data, error } = reading;
  const counting = useReading({ query: CountEvents, variables: { filter: variables.filter } });
  const { data: counted } = counting;
  const reload = () => {
    reading.again();
    counting.again();
  };
  const events = data?.auditEvents.nodes;
  const isFiltered = Object.values(variables.filter).some((value) => value !== null);
  return (
    <div className="stack">
      <h1>Audit log</h1>
      <section className="card stack" aria-labelledby="filter">
        <h2 id="filter">Which events</h2>
        <AuditForm key={search} />
      </section>
      <section className="card stack" aria-labelledby="events" aria-busy={reading.isReading}>
        <div className="row spread">
          <h2 id="events">Events, the newest first</h2>
          <ReadAt of={reading} what="the events" onReload={reload} />
        </div>
        {error && <Problem error={error} what="The log could not be read." />}
        {events?.length === 0 && (
          <Empty title={isFiltered ? "No event is like this" : "Nothing has happened yet"}>
            {isFiltered
              ? "Actions and subjects are compared as they are written, with capitals."
              : "Each change of the mesh, and each download of a sample, is kept here."}
          </Empty>
        )}
        {counted && counted.auditEvents.totalCount > 0 && (
          <ListCount count={counted.auditEvents.totalCount} isExact={counted.auditEvents.totalCountIsExact} one="event" />
        )}
        {events !== undefined && events.length > 0 && <AuditTable events={events} />}
        {data && <Pager pageInfo={data.auditEvents.pageInfo} what="events" />}
      </section>
    </div>
  );
}

function variablesOf(parameters: URLSearchParams) {
  const of = (name: string) => parameters.get(name) || null;
  return {
    filter: {
      action: of("action"),
      subject: of("subject"),
      keyId: of("key"),
      text: of("text"),
      since: of("since"),
      until: of("until"),
    },
    after: of("after"),
  };
}
