import { Link } from "wouter";
import { useMay } from "../../app/viewer.ts";
import { RollBackSet, SkipCanary } from "../../generated/updates.ts";
import { durationText } from "../../parts/measure.tsx";
import { Name } from "../../parts/name.tsx";
import { OrderButton } from "../../parts/order-button.tsx";
import { Table } from "../../parts/table.tsx";
import { setText, type UpdateSet } from "./set-text.ts";
import { Way } from "./version.tsx";

/** An update that waits for somebody to decide, and what to decide by. */
export function HeldUpdate({ of: one }: { of: UpdateSet }) {
  const maySteer = useMay("FLEET_WRITE");
  const { engine, set, update } = one;
  if (update === null) return null;
  const to = setText(one);
  const samples = update.evidence?.samples ?? [];
  const heading = `held-${update.id}`;
  return (
    <section className="card stack" aria-labelledby={heading}>
      <h2 id={heading}>
        Held: <Name text={to} />
      </h2>
      <p>
        <Way from={update.fromBundle} to={update.toBundle} set={set} />. <Name text={update.reason ?? ""} /> The other hosts do
        not follow until somebody decides.
      </p>
      {samples.length > 0 && (
        <Table columns={["Sample", "What it said", "Took"]}>
          {samples.map(({ scanId, name, signature, error, durationMs }) => (
            <tr key={scanId}>
              <th scope="row">
                <Link href={`/scan/${scanId}`}>
                  <Name text={name} />
                </Link>
              </th>
              <td>
                <Name text={signature ?? error ?? "nothing found"} />
              </td>
              <td>{durationMs === null ? "unknown" : durationText(durationMs)}</td>
            </tr>
          ))}
        </Table>
      )}
      {maySteer && (
        <div className="row">
          <OrderButton
            mutation={SkipCanary}
            variables={{ id: update.id }}
            to={to}
            question={`Update ${to} on all hosts all the same?`}
          >
            Go on all the same
          </OrderButton>
          <OrderButton mutation={RollBackSet} variables={{ engine, set }} to={to}>
            Give it up
          </OrderButton>
        </div>
      )}
    </section>
  );
}
