import { useSubscription } from "urql";
import { serverNow } from "../../api/clock.ts";
import { useCollected } from "../../api/collect.ts";
import { WatchStatusAgents, WatchSystem } from "../../generated/status.ts";
import { Connected } from "../../parts/connected.tsx";
import { Copy } from "../../parts/copy.tsx";
import { Empty } from "../../parts/empty.tsx";
import { Ago, bytesText } from "../../parts/measure.tsx";
import { Name } from "../../parts/name.tsx";
import { Problem } from "../../parts/notice.tsx";
import { diagnosticsText, type Agent, type System } from "./diagnostics.ts";
import { StreamTable } from "./stream-table.tsx";
import { numbers, Table } from "../../parts/table.tsx";

const PAGE_VERSION = String(import.meta.env["VITE_VERSION"]);

/** The parts of the mesh: their versions, what they store, and whether they are there. */
export default function Status() {
  const [{ data, error }] = useSubscription({ query: WatchSystem });
  const { entries: agents, error: lost } = useCollected(
    WatchStatusAgents,
    ({ agent }: Agent) => agent,
    ({ agentChanged: { snapshot, agents: changed, gone } }) => ({ snapshot, changed, gone: gone.map(({ agent }) => agent) }),
  );
  const system = data?.systemUpdated;
  const problem = error ?? lost;
  return (
    <div className="stack">
      <div className="row spread">
        <h1>Status</h1>
        {system && (
          <Copy
            text={diagnosticsText(system, agents ?? [], PAGE_VERSION, new Date(serverNow()))}
            what="as text, without secrets"
            label="Copy diagnostics"
          />
        )}
      </div>
      {problem && <Problem error={problem} what="The state of the mesh could not be read." />}
      {system ? (
        <>
          <Versions system={system} />
          <Gateways gateways={system.gateways} />
          <Database system={system} />
          {system.accounts.map((account) => (
            <StreamTable key={account.class} account={account} />
          ))}
          {agents && <Agents agents={agents} />}
        </>
      ) : (
        !problem && <p className="soft">Loading …</p>
      )}
    </div>
  );
}

function Versions({ system: { version, nodeVersion, database, startedAt } }: { system: System }) {
  return (
    <section className="card stack" aria-labelledby="versions">
      <h2 id="versions">Versions</h2>
      <dl className="facts">
        <dt>This page</dt>
        <dd>{PAGE_VERSION}</dd>
        <dt>Gateway that answers</dt>
        <dd>
          {version}, Node.js {nodeVersion}, started <Ago at={startedAt} />
        </dd>
        <dt>Schema of Postgres</dt>
        <dd>{database.migration}</dd>
      </dl>
    </section>
  );
}

function Gateways({ gateways }: { gateways: System["gateways"] }) {
  return (
    <section className="card stack" aria-labelledby="gateways">
      <h2 id="gateways">Gateways</h2>
      <Table columns={["Host", "Version", "NATS", "Started", numbers("Memory"), numbers("Disk free")]}>
        {gateways.map((gateway) => (
          <tr key={gateway.gatewayId}>
            <th scope="row" className="engine">
              <Name text={gateway.host} />
            </th>
            <td>{gateway.version}</td>
            <td>
              <Connected is={gateway.natsConnected} />
            </td>
            <td>
              <Ago at={gateway.startedAt} />
            </td>
            <td className="number">{bytesText(gateway.memoryBytes)}</td>
            <td className="number">{gateway.diskFree === null ? "not known" : bytesText(gateway.diskFree)}</td>
          </tr>
        ))}
      </Table>
    </section>
  );
}

function Database({ system: { database, outbox } }: { system: System }) {
  return (
    <section className="card stack" aria-labelledby="postgres">
      <h2 id="postgres">Postgres</h2>
      <dl className="facts">
        <dt>Version</dt>
        <dd>{database.serverVersion}</dd>
        <dt>Size</dt>
        <dd>{bytesText(database.bytes)}</dd>
        <dt>Scans</dt>
        <dd>{database.scans.toLocaleString()}</dd>
        <dt>Samples</dt>
        <dd>{database.samples.toLocaleString()}</dd>
        <dt>Requests to be sent</dt>
        <dd>
          {outbox.unpublished.toLocaleString()}
          {outbox.oldest !== null && (
            <>
              , the oldest was due <Ago at={outbox.oldest} />
            </>
          )}
          {outbox.held > 0 && ` and ${outbox.held.toLocaleString()} of low priority, which wait for idle engines`}
        </dd>
      </dl>
    </section>
  );
}

function Agents({ agents }: { agents: readonly Agent[] }) {
  return (
    <section className="card stack" aria-labelledby="agents">
      <h2 id="agents">Agents</h2>
      {agents.length === 0 ? (
        <Empty title="No agent is there">An agent runs engines on a host; docs/run/hosts.md says how to add one.</Empty>
      ) : (
        <Table columns={["Agent", "Host", "Class", "State", "Version", "Started"]}>
          {agents.map(({ agent, host, class: internet, state, version, startedAt }) => (
            <tr key={agent}>
              <th scope="row" className="engine">
                <Name text={agent} />
              </th>
              <td>
                <Name text={host} />
              </td>
              <td>{internet.toLowerCase()}</td>
              <td>{state.toLowerCase()}</td>
              <td>
                <Name text={version} />
              </td>
              <td>
                <Ago at={startedAt} />
              </td>
            </tr>
          ))}
        </Table>
      )}
    </section>
  );
}
