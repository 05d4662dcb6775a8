import { Link } from "wouter";
import { visibleText } from "../../../../schema/visible-text.ts";
import { useReading } from "../../api/reading.ts";
import { useParameters } from "../../app/parameters.ts";
import { LiftSuppression, ReadSuppressions, type ReadSuppressionsQuery } from "../../generated/engines.ts";
import { Empty } from "../../parts/empty.tsx";
import { Ago, Time } from "../../parts/measure.tsx";
import { Name } from "../../parts/name.tsx";
import { Problem } from "../../parts/notice.tsx";
import { OrderButton } from "../../parts/order-button.tsx";
import { Pager } from "../../parts/pager.tsx";
import { ReadAt } from "../../parts/read-at.tsx";
import { Table } from "../../parts/table.tsx";

type Suppression = ReadSuppressionsQuery["suppressions"]["nodes"][number];

/** An empty list is read again, too, when a signature is suppressed. */
const LISTS_SUPPRESSIONS = { additionalTypenames: ["Suppression"] };

/** The signatures that count for nothing, and how each counts again. */
export function Suppressions() {
  const { parameters, addressWith } = useParameters();
  const ended = parameters.get("ended") === "1";
  const reading = useReading({
    query: ReadSuppressions,
    variables: { ended, after: parameters.get("after") },
    context: LISTS_SUPPRESSIONS,
  });
  const { data, error } = reading;
  const found = data?.suppressions.nodes;
  return (
    <section className="card stack" aria-labelledby="suppressions">
      <div className="row spread">
        <h2 id="suppressions">Suppressed signatures</h2>
        <Link className="button" href={addressWith({ ended: ended ? undefined : "1", after: undefined })}>
          {ended ? "Hide those that count again" : "Show those that count again, too"}
        </Link>
      </div>
      <ReadAt of={reading} what="the suppressed signatures" />
      {error && <Problem error={error} what="The suppressed signatures could not be read." />}
      {found?.length === 0 && (
        <Empty title="No signature is suppressed">
          One that is wrong is suppressed in a report: open the details of the engine that found it.
        </Empty>
      )}
      {found !== undefined && found.length > 0 && (
        <Table columns={["Signature", "Engine", "Why", "Since", "Until", "Lift"]}>
          {found.map((one) => (
            <Row key={one.id} of={one} />
          ))}
        </Table>
      )}
      {data && <Pager pageInfo={data.suppressions.pageInfo} what="suppressed signatures" />}
    </section>
  );
}

function Row({ of: { id, engine, signature, reason, createdAt, expiresAt, endedAt } }: { of: Suppression }) {
  return (
    <tr>
      <th scope="row" className="engine">
        <Name text={signature} />
      </th>
      <td>{engine === null ? "every" : <Name text={engine} />}</td>
      <td>
        <Name text={reason} />
      </td>
      <td>
        <Ago at={createdAt} />
      </td>
      <td>{expiresAt === null ? "no expiry" : <Time at={expiresAt} />}</td>
      <td>
        {endedAt === null ? (
          <OrderButton
            mutation={LiftSuppression}
            variables={{ id }}
            to={signature}
            question={`Lift ${visibleText(signature)}? It counts again in new results.`}
          >
            Lift
          </OrderButton>
        ) : (
          <>
            counts again since <Ago at={endedAt} />
          </>
        )}
      </td>
    </tr>
  );
}
