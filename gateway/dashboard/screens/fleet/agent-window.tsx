import type { FormEvent } from "react";
import { useOrder } from "../../api/order.ts";
import { useMay } from "../../app/viewer.ts";
import { SetWindow } from "../../generated/fleet.ts";
import { Problem } from "../../parts/notice.tsx";
import { readWindow, WindowFields } from "../../parts/window-fields.tsx";
import type { Settings } from "./agent-settings.tsx";

/** When the engines of an agent follow updates of the mesh. */
export function AgentWindow({ agent, settings }: { agent: string; settings: Settings | undefined }) {
  const mayWrite = useMay("FLEET_WRITE");
  const { order, fetching, problem } = useOrder(SetWindow);
  const { windowFrom = null, windowTo = null } = settings ?? {};
  const save = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    await order({ agent, ...readWindow(new FormData(event.currentTarget)) });
  };
  return (
    <details className="small">
      <summary>
        Update window<span className="unseen"> of {agent}</span>
      </summary>
      <form className="stack" onSubmit={(event) => void save(event)}>
        <p className="soft">
          Between these times engines of this host follow updates; without any, at any time. What is rolled back goes back at
          once.
        </p>
        <div key={`${windowFrom} ${windowTo}`} className="fields">
          <WindowFields windowFrom={windowFrom} windowTo={windowTo} of={agent} disabled={!mayWrite} />
          {mayWrite && (
            <button type="submit" disabled={fetching}>
              Save<span className="unseen"> the update window of {agent}</span>
            </button>
          )}
        </div>
        {problem && <Problem error={problem} what="Nothing was changed." />}
      </form>
    </details>
  );
}
