import type { FormEvent } from "react";
import { useOrder } from "../../api/order.ts";
import { useMay } from "../../app/viewer.ts";
import { SetPolicy, type SwitchWay } from "../../generated/updates.ts";
import { Name } from "../../parts/name.tsx";
import { Problem } from "../../parts/notice.tsx";
import { readWindow, WindowFields } from "../../parts/window-fields.tsx";
import { setText, type UpdateSet } from "./set-text.ts";

const HOUR = 3_600;

const WAYS: Readonly<Record<SwitchWay, string>> = {
  AUTO: "beside the old one if the memory is there, else in turn",
  BESIDE: "beside the old one",
  IN_TURN: "in turn: the old one ends first",
};

/** When and how each engine is updated. */
export function Policies({ sets }: { sets: readonly UpdateSet[] }) {
  return (
    <section className="card stack" aria-labelledby="policies">
      <h2 id="policies">When and how</h2>
      {sets.slice(0, 80).map((one) => (
        <details key={setText(one)}>
          <summary>
            <Name text={setText(one)} />
          </summary>
          <PolicyForm key={shownOf(one)} of={one} />
        </details>
      ))}
    </section>
  );
}

/** What the form shows: what else changes takes nothing away that somebody has entered. */
function shownOf({ policy }: UpdateSet): string {
  const { automatic, checkEverySeconds, windowFrom, windowTo, switch: way } = policy;
  return JSON.stringify([automatic, checkEverySeconds, windowFrom, windowTo, way]);
}

function PolicyForm({ of: one }: { of: UpdateSet }) {
  const { engine, set, policy } = one;
  const mayWrite = useMay("FLEET_WRITE");
  const { order, fetching, problem } = useOrder(SetPolicy);
  const save = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const checkEverySeconds = Math.round(Number(form.get("hours")) * HOUR);
    const way = form.get("switch") as SwitchWay;
    const automatic = form.has("automatic");
    await order({ input: { engine, set, automatic, checkEverySeconds, switch: way, ...readWindow(form) } });
  };
  return (
    <form className="stack" onSubmit={(event) => void save(event)}>
      <label className="select">
        <input type="checkbox" name="automatic" defaultChecked={policy.automatic} disabled={!mayWrite} />
        What a fetcher brings begins by itself, between these times or, without any, at once
      </label>
      <div className="fields">
        <WindowFields {...policy} of={setText(one)} disabled={!mayWrite} />
        <label className="field">
          Hours between two looks
          <input
            type="number"
            name="hours"
            required
            min={1}
            max={720}
            step={0.5}
            defaultValue={policy.checkEverySeconds / HOUR}
            disabled={!mayWrite}
          />
        </label>
        <label className="field">
          How it takes the old one's place
          <select name="switch" defaultValue={policy.switch} disabled={!mayWrite}>
            {Object.entries(WAYS).map(([way, text]) => (
              <option key={way} value={way}>
                {text}
              </option>
            ))}
          </select>
        </label>
      </div>
      {problem && <Problem error={problem} what="Nothing was changed." />}
      {mayWrite && (
        <div>
          <button type="submit" disabled={fetching}>
            Save<span className="unseen"> when and how {setText(one)} is updated</span>
          </button>
        </div>
      )}
    </form>
  );
}
