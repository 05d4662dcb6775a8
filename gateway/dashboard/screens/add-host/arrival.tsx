import { useSubscription } from "urql";
import { Link } from "wouter";
import { useServerNow } from "../../api/clock.ts";
import { useCollected } from "../../api/collect.ts";
import { useMay } from "../../app/viewer.ts";
import {
  WatchArrivals,
  WatchTokens,
  type WatchArrivalsSubscription,
  type WatchTokensSubscription,
} from "../../generated/add-host.ts";
import { Ago } from "../../parts/measure.tsx";
import { Name } from "../../parts/name.tsx";
import { Notice, Problem } from "../../parts/notice.tsx";
import { Told } from "../../parts/status.tsx";
import { WaitingKeys } from "../../parts/waiting-keys.tsx";

type Token = WatchTokensSubscription["joinTokensUpdated"][number];
type Agent = WatchArrivalsSubscription["agentChanged"]["agents"][number];

/** The hosts that join by a token, as they arrive, and why others do not. */
export function Arrival({ id }: { id: string }) {
  const mayRead = useMay("SCAN_READ");
  const [{ data, error }] = useSubscription({ query: WatchTokens });
  const { entries } = useCollected(
    WatchArrivals,
    ({ agent }: Agent) => agent,
    ({ agentChanged: { snapshot, agents, gone } }) => ({ snapshot, changed: agents, gone: gone.map(({ agent }) => agent) }),
  );
  const present = new Map(entries?.map((agent) => [agent.agent, agent]));
  if (data === undefined) return error ? <Problem error={error} what="The token could not be read." /> : null;
  const token = data.joinTokensUpdated.find((one) => one.id === id);
  if (token === undefined) return <p>There is no such join token any more.</p>;
  return (
    <>
      {token.agents.length > 0 && (
        <ul className="items stack">
          {token.agents.map((agent) => (
            <li key={agent}>
              {mayRead ? <Arrived name={agent} agent={present.get(agent)} /> : <Name text={`${agent} has joined`} />}
            </li>
          ))}
        </ul>
      )}
      <Expected token={token} />
      <WaitingKeys />
      <Refusals refusals={token.refusals} />
      <Told text={summaryOf(token, present)} />
    </>
  );
}

function Arrived({ name, agent }: { name: string; agent: Agent | undefined }) {
  const healthy = agent?.engines.filter((engine) => engine.healthy) ?? [];
  const ill = agent?.engines.filter((engine) => !engine.healthy) ?? [];
  return (
    <div>
      <strong>
        <Name text={name} />
      </strong>{" "}
      <span className={`verdict tone-${healthy.length > 0 ? "clean" : "running"}`}>{progressOf(agent)}</span>
      {ill.map((engine) => (
        <p key={engine.name} className="soft">
          <Name text={`${engine.name}: ${engine.reason ?? "not ready"}`} />
        </p>
      ))}
    </div>
  );
}

function progressOf(agent: Agent | undefined): string {
  if (agent === undefined) return "has joined, and is starting";
  const ready = agent.engines.filter(({ healthy }) => healthy).map(({ name }) => name);
  return ready.length > 0 ? `takes work: ${ready.length} of ${agent.engines.length} engines are ready` : "tests its engines";
}

function summaryOf({ agents, refusals }: Token, present: ReadonlyMap<string, Agent>): string {
  const [refusal] = refusals;
  return [
    ...agents.map((name) => `${name} ${progressOf(present.get(name))}.`),
    ...(refusal ? [`A host could not join: ${refusal.sentence}`] : []),
  ].join(" ");
}

/** Whether more hosts can come. */
function Expected({ token: { uses, used, expiresAt, revokedAt } }: { token: Token }) {
  const isOver = expiresAt !== null && Date.parse(expiresAt) <= useServerNow();
  if (revokedAt !== null) return <p>The token was revoked: nobody joins by it any more.</p>;
  if (uses !== null && used >= uses)
    return (
      <p className="soft">
        As many as the token allows have joined. <Link href="/fleet">To the fleet</Link>
      </p>
    );
  if (isOver) return <p>The token has expired: make a new line.</p>;
  return (
    <p className="soft">
      Waiting for {used === 0 ? "a host" : "more hosts"} … Each is shown here as soon as it asks this mesh. What keeps a host from
      reaching it at all is told there, by the line itself.
    </p>
  );
}

function Refusals({ refusals }: Pick<Token, "refusals">) {
  // Who waits for a name is listed with a button that accepts it.
  const shown = refusals.filter(({ code }) => code !== "AGENT_WAITING");
  return shown.map(({ code, sentence, host, attempts, at }) => (
    <Notice key={`${code} ${host}`} tone="doubt">
      <strong>{host === null ? "A host" : <Name text={host} />} could not join:</strong> <Name text={sentence} />{" "}
      <span className="soft small">
        <code>{code}</code> · {attempts === 1 ? "once" : `${attempts} times`}, last <Ago at={at} />
      </span>
    </Notice>
  ));
}
