import type { ReadStatisticsQuery } from "../../generated/statistics.ts";
import { Empty } from "../../parts/empty.tsx";
import { Name } from "../../parts/name.tsx";
import { DETECTIONS, Figure } from "./figures.tsx";
import { scansAddress } from "../../parts/scans-address.ts";
import { numbers, Table } from "../../parts/table.tsx";

type Stats = ReadStatisticsQuery["stats"];
/** Of longer signatures only the beginning is counted. */
const LONGEST_SIGNATURE = 255;

interface Span {
  readonly since: string;
  readonly until: string;
}

export function TopSignatures({ signatures, ...span }: Span & { signatures: Stats["topSignatures"] }) {
  return (
    <section className="card stack" aria-labelledby="signatures">
      <h2 id="signatures">Signatures found most often</h2>
      {signatures.length === 0 ? (
        <Empty title="Nothing was found in this time" />
      ) : (
        <Table columns={["Signature", "Engine", numbers("Found")]}>
          {signatures.map(({ engine, signature, results }) => (
            <tr key={`${engine} ${signature}`}>
              <th scope="row" className="engine">
                <Name text={signature} />
              </th>
              <td>
                <Name text={engine} />
              </td>
              <td className="number">
                <Figure
                  count={results}
                  to={scansAddress({
                    ...span,
                    engine,
                    ...(signature.length > LONGEST_SIGNATURE ? { signature } : { signatureIs: signature }),
                  })}
                />
              </td>
            </tr>
          ))}
        </Table>
      )}
    </section>
  );
}

export function TopTypes({ types, ...span }: Span & { types: Stats["topTypes"] }) {
  return (
    <section className="card stack" aria-labelledby="types">
      <h2 id="types">Types scanned most often</h2>
      <Table columns={["Type", numbers("Scans"), numbers("With a detection")]}>
        {types.map(({ mime, scans, detected }) => (
          <tr key={mime}>
            <th scope="row" className="engine">
              <Name text={mime} />
            </th>
            <td className="number">
              <Figure count={scans} to={scansAddress({ ...span, type: mime })} />
            </td>
            <td className="number">
              <Figure count={detected} to={scansAddress({ ...span, type: mime, verdict: DETECTIONS })} />
            </td>
          </tr>
        ))}
      </Table>
    </section>
  );
}
