import type { WatchSystemSubscription } from "../../generated/status.ts";
import { bytesText } from "../../parts/measure.tsx";
import { Connected } from "../../parts/connected.tsx";
import { numbers, Table } from "../../parts/table.tsx";

type Account = WatchSystemSubscription["systemUpdated"]["accounts"][number];

/** One account of NATS, and how full its streams are. */
export function StreamTable({ account: { class: internet, connected, serverVersion, streams } }: { account: Account }) {
  const name = `NATS, ${internet === "ISOLATED" ? "isolated engines" : "engines with internet"}`;
  return (
    <section className="card stack" aria-label={name}>
      <div className="row spread">
        <h2>{name}</h2>
        <span className="row">
          <Connected is={connected} />
          {serverVersion !== null && <span className="soft">version {serverVersion}</span>}
        </span>
      </div>
      {streams.length > 0 && (
        <Table columns={["Stream", numbers("Messages"), numbers("Stored"), numbers("At most"), "Full"]}>
          {streams.map((stream) => (
            <tr key={stream.name}>
              <th scope="row" className="engine">
                {stream.name}
              </th>
              <td className="number">{stream.messages.toLocaleString()}</td>
              <td className="number">{bytesText(stream.bytes)}</td>
              <td className="number">{stream.maxBytes === null ? "the server's limit" : bytesText(stream.maxBytes)}</td>
              <td className="nowrap">
                <Fullness of={stream} />
              </td>
            </tr>
          ))}
        </Table>
      )}
    </section>
  );
}

function Fullness({ of: { name, bytes, maxBytes } }: { of: Account["streams"][number] }) {
  if (maxBytes === null) return "–";
  return (
    <>
      <meter aria-label={`How full ${name} is`} min={0} max={maxBytes} high={maxBytes * 0.8} value={bytes} />{" "}
      {Math.round((100 * bytes) / maxBytes)} %
    </>
  );
}
