import { useState } from "react";
import { useOrder } from "../../api/order.ts";
import { TestEngine } from "../../generated/engines.ts";
import { Ago } from "../../parts/measure.tsx";
import { Name } from "../../parts/name.tsx";
import { Problem } from "../../parts/notice.tsx";
import type { AgentOfEngine } from "./engine-health.ts";

/** Has an engine tested, and says what came of it. */
export function TestOrder({ name, agents }: { name: string; agents: readonly AgentOfEngine[] }) {
  const { order, fetching, problem } = useOrder(TestEngine);
  /** When each agent had tested it before it was asked to. */
  const [before, setBefore] = useState<ReadonlyMap<string, string | null>>();
  const waiting = before === undefined ? [] : agents.filter(({ agent, testedAt }) => before.get(agent) === testedAt);
  const test = async () => {
    const known = new Map(agents.map(({ agent, testedAt }) => [agent, testedAt]));
    if ((await order({ name })) !== undefined) setBefore(known);
  };
  const last = agents.toSorted((one, other) => (one.testedAt ?? "").localeCompare(other.testedAt ?? "")).at(-1);
  return (
    <>
      <button type="button" disabled={fetching} onClick={() => void test()}>
        Test now
        <span className="unseen">
          {" "}
          <Name text={name} />
        </span>
      </button>
      <span className="soft small" role="status">
        {waiting.length > 0
          ? "testing …"
          : last?.testedAt && (
              <>
                self-test <Ago at={last.testedAt} />: {agents.every(({ healthy }) => healthy) ? "passed" : "failed"}
              </>
            )}
      </span>
      {problem && <Problem error={problem} />}
    </>
  );
}
