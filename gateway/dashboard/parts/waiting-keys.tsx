import { useSubscription } from "urql";
import { visibleText } from "../../../schema/visible-text.ts";
import { AcceptAgent, WatchAgentKeys, type WatchAgentKeysSubscription } from "../generated/agent-keys.ts";
import { Ago } from "./measure.tsx";
import { Name } from "./name.tsx";
import { Notice } from "./notice.tsx";
import { OrderButton } from "./order-button.tsx";

type Key = WatchAgentKeysSubscription["agentKeysUpdated"][number];

/** The keys that wait for a name that another key has, each with a button that accepts it. */
export function WaitingKeys() {
  const [{ data }] = useSubscription({ query: WatchAgentKeys });
  const waiting = data?.agentKeysUpdated.filter(({ state }) => state === "WAITING") ?? [];
  return waiting.map((key) => <Waiting key={key.publicKey} of={key} />);
}

function Waiting({ of: { agent, host, publicKey, joinedAt } }: { of: Key }) {
  return (
    <Notice tone="doubt">
      <strong>
        <Name text={host} /> waits to be <Name text={agent} />
      </strong>
      , a name that another key has. Accept it if that host was installed anew: the key before is revoked then. It came{" "}
      <Ago at={joinedAt} />.
      <OrderButton
        mutation={AcceptAgent}
        variables={{ agent, publicKey }}
        to={agent}
        question={`Accept ${visibleText(host)} as ${agent}? The key that has the name now is let in nowhere any more.`}
      >
        Accept
      </OrderButton>
    </Notice>
  );
}
