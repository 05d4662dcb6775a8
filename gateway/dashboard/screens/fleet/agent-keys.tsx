import { useState } from "react";
import { useSubscription } from "urql";
import { RevokeAgent, WatchAgentKeys, type WatchAgentKeysSubscription } from "../../generated/agent-keys.ts";
import { Ago } from "../../parts/measure.tsx";
import { Name } from "../../parts/name.tsx";
import { Notice } from "../../parts/notice.tsx";
import { OrderButton } from "../../parts/order-button.tsx";
import { useRows } from "../../parts/rows.tsx";
import { WaitingKeys } from "../../parts/waiting-keys.tsx";
import { Table } from "../../parts/table.tsx";

type Key = WatchAgentKeysSubscription["agentKeysUpdated"][number];

/** What is to be decided about the keys of agents: copies, and hosts that wait. */
export function KeyNotices() {
  const [{ data }] = useSubscription({ query: WatchAgentKeys });
  const copied = data?.agentKeysUpdated.filter(({ state, clonedAt }) => state === "JOINED" && clonedAt !== null) ?? [];
  return (
    <>
      <WaitingKeys />
      {copied.map(({ agent, publicKey, clonedAt }) => (
        <Notice key={publicKey} tone="infected">
          <strong>
            A second agent ran with the key of <Name text={agent} />
          </strong>
          , {clonedAt !== null && <Ago at={clonedAt} />}: its data folder was copied. The second one was refused. Remove the copy,
          and join it with a line of its own; if you do not know who made it, revoke the key.
        </Notice>
      ))}
    </>
  );
}

/** The keys of agents that have joined. */
export function AgentKeys({ present }: { present: ReadonlySet<string> }) {
  const [{ data }] = useSubscription({ query: WatchAgentKeys });
  const [withRevoked, setWithRevoked] = useState(false);
  const keys = data?.agentKeysUpdated.filter(({ state }) => withRevoked || state !== "REVOKED") ?? [];
  const hasRevoked = data?.agentKeysUpdated.some(({ state }) => state === "REVOKED") ?? false;
  const { rows, buttons } = useRows(keys, "Keys", { place: "keys" });
  if (data === undefined || data.agentKeysUpdated.length === 0) return null;
  return (
    <section className="card stack" aria-labelledby="agent-keys">
      <div className="row spread">
        <h2 id="agent-keys">Hosts that have joined</h2>
        {hasRevoked && (
          <button type="button" aria-pressed={withRevoked} onClick={() => setWithRevoked(!withRevoked)}>
            Show revoked keys, too
          </button>
        )}
      </div>
      <Table columns={["Agent", "Host", "Key", "Joined", "Renewed", "Revoke"]}>
        {rows.map((key) => (
          <KeyRow key={key.publicKey} of={key} isPresent={present.has(key.agent)} />
        ))}
      </Table>
      {buttons}
    </section>
  );
}

function KeyRow({ of: key, isPresent }: { of: Key; isPresent: boolean }) {
  const { agent, host, version, class: internet, state, ephemeral, joinedAt, renewedAt, clonedAt } = key;
  return (
    <tr>
      <th scope="row" className="engine">
        <Name text={agent} />
      </th>
      <td>
        <Name text={host} className="in-text" /> · {internet.toLowerCase()} · version <Name text={version} className="in-text" />
      </td>
      <td>
        {state === "JOINED" ? (isPresent ? "in use" : "not here now") : state.toLowerCase()}
        {ephemeral && ", ephemeral"}
        {clonedAt !== null && ", copied"}
      </td>
      <td>
        <Ago at={joinedAt} />
      </td>
      <td>
        <Ago at={renewedAt} />
      </td>
      <td>
        {state !== "REVOKED" && (
          <OrderButton
            mutation={RevokeAgent}
            variables={{ agent }}
            to={agent}
            question={`Revoke ${agent}? It is cut off within 5 seconds, its work goes to others, and it can join again only with a new key.`}
          >
            Revoke
          </OrderButton>
        )}
      </td>
    </tr>
  );
}
