import { useMay } from "../../app/viewer.ts";
import { RemoveAgent, type WatchGoneAgentsSubscription } from "../../generated/fleet.ts";
import { Ago } from "../../parts/measure.tsx";
import { Name } from "../../parts/name.tsx";
import { OrderButton } from "../../parts/order-button.tsx";
import { useRows } from "../../parts/rows.tsx";
import { Table } from "../../parts/table.tsx";

/** Agents that were here within the last week and are not any more. */
export function GoneAgents({ agents }: { agents: WatchGoneAgentsSubscription["goneAgentsUpdated"] }) {
  const maySteer = useMay("FLEET_WRITE");
  const { rows, buttons } = useRows(agents, "Agents", { place: "gone" });
  return (
    <section className="card" aria-labelledby="gone">
      <h2 id="gone">Agents that are gone</h2>
      <Table columns={["Agent", "Host", "Had", "Last heard", ...(maySteer ? ["Forget"] : [])]}>
        {rows.map(({ agent, host, version, class: internet, lastHeardAt, engines }) => (
          <tr key={agent}>
            <th scope="row" className="engine">
              <Name text={agent} />
            </th>
            <td>
              <Name text={host} /> · {internet.toLowerCase()} · version <Name text={version} />
            </td>
            <td>
              <Name text={engines.join(", ")} />
            </td>
            <td>
              <Ago at={lastHeardAt} />
            </td>
            {maySteer && (
              <td>
                <OrderButton mutation={RemoveAgent} variables={{ agent }} to={agent}>
                  Forget
                </OrderButton>
              </td>
            )}
          </tr>
        ))}
      </Table>
      {buttons}
    </section>
  );
}
