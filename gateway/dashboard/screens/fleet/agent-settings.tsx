import type { FormEvent } from "react";
import { useOrder } from "../../api/order.ts";
import { useMay } from "../../app/viewer.ts";
import {
  UpdateSettings,
  type EngineSettingsInput,
  type WatchAgentsSubscription,
  type WatchSettingsSubscription,
} from "../../generated/fleet.ts";
import { bytesText, durationText } from "../../parts/measure.tsx";
import { Name } from "../../parts/name.tsx";
import { Notice, Problem } from "../../parts/notice.tsx";
import { Table } from "../../parts/table.tsx";

type Agent = WatchAgentsSubscription["agentChanged"]["agents"][number];
type Limits = NonNullable<Agent["engines"][number]["limits"]>;
export type Settings = WatchSettingsSubscription["agentSettingsUpdated"][number];
type EngineSettings = Settings["engines"][number];

const MIB = 1024 * 1024;

interface Row {
  readonly name: string;
  readonly limits: Limits | null | undefined;
  readonly own: Limits | null | undefined;
  readonly set: EngineSettings | undefined;
}

/** Slots and limits of the engines of an agent: what the host has, what is in force, and what the mesh sets. */
export function AgentSettings({ agent, settings }: { agent: Agent; settings: Settings | undefined }) {
  const mayWrite = useMay("FLEET_WRITE");
  const { order, fetching, problem } = useOrder(UpdateSettings);
  // An older agent says nothing of its host, and knows no settings.
  if (agent.machine === null) return null;
  const rows = rowsOf(agent, settings);
  const save = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    await order({ agent: agent.agent, engines: rows.map((row) => inputOf(row, form)) });
  };
  return (
    <details className="small">
      <summary>
        Slots and limits<span className="unseen"> of {agent.agent}</span>
      </summary>
      <div className="stack">
        <p className="soft">
          The host has {agent.machine.cores} processors and {bytesText(agent.machine.memory)} of memory. What is left empty is the
          host's own. An engine that changes finishes what it has, and starts anew.
        </p>
        {settings && <Follows settings={settings} />}
        <form className="stack" onSubmit={(event) => void save(event)}>
          <Table columns={["Engine", "In force", "The host's own", "Runs", "Slots", "Seconds a sample", "MiB", "Processors"]}>
            {rows.map((row) => (
              <EngineRow key={JSON.stringify([row.name, row.set])} row={row} disabled={!mayWrite} />
            ))}
          </Table>
          {problem && <Problem error={problem} what="Nothing was changed." />}
          {mayWrite && (
            <div>
              <button type="submit" disabled={fetching}>
                Save<span className="unseen"> the settings of {agent.agent}</span>
              </button>
            </div>
          )}
        </form>
      </div>
    </details>
  );
}

function Follows({ settings: { applied, problems } }: { settings: Settings }) {
  return (
    <>
      {!applied && <p role="status">The agent has not applied the settings yet.</p>}
      {problems.map((problem) => (
        <Notice key={problem} tone="doubt">
          <Name text={problem} />
        </Notice>
      ))}
    </>
  );
}

function EngineRow({ row: { name, limits, own, set }, disabled }: { row: Row; disabled: boolean }) {
  const field = (key: keyof Limits, label: string, value: number | null | undefined, step: number, min: number) => (
    <td>
      {own?.[key] === null ? (
        <span className="soft">none</span>
      ) : (
        <input
          name={`${name} ${key}`}
          aria-label={`${label} of ${name}`}
          type="number"
          min={min}
          step={step}
          defaultValue={value ?? ""}
          disabled={disabled}
        />
      )}
    </td>
  );
  return (
    <tr>
      <th scope="row" className="engine">
        <Name text={name} />
      </th>
      <td>{limits ? limitsText(limits) : "off"}</td>
      <td>{own ? limitsText(own) : ""}</td>
      <td>
        <label className="select">
          <input
            type="checkbox"
            name={`${name} enabled`}
            aria-label={`${name} runs`}
            defaultChecked={set?.enabled ?? limits !== null}
            disabled={disabled}
          />
        </label>
      </td>
      {field("slots", "Slots", set?.slots, 1, 1)}
      {field("timeoutMs", "Seconds a sample", scaled(set?.timeoutMs, 1_000), 0.1, 0.1)}
      {field("memory", "MiB", scaled(set?.memory, MIB), 1, 16)}
      {field("cpus", "Processors", set?.cpus, 0.05, 0.05)}
    </tr>
  );
}

function rowsOf({ engines, off }: Agent, settings: Settings | undefined): Row[] {
  const set = new Map(settings?.engines.map((one) => [one.engine, one]));
  const running = engines.map(({ name, limits, own }) => ({ name, limits: limits ?? null, own, set: set.get(name) }));
  // What the host leaves out cannot be turned on from here; what the mesh has turned off can.
  const stopped = (off ?? [])
    .filter((name) => set.has(name))
    .map((name) => ({ name, limits: null, own: undefined, set: set.get(name) }));
  return [...running, ...stopped];
}

function inputOf({ name, limits, set }: Row, form: FormData): EngineSettingsInput {
  const number = (key: string, factor = 1) => {
    const text = form.get(`${name} ${key}`);
    return text ? Math.round(Number(text) * factor * 100) / 100 : null;
  };
  const runs = form.has(`${name} enabled`);
  const before = set?.enabled ?? null;
  const isChanged = runs !== (before ?? limits !== null);
  return {
    engine: name,
    // An engine that the mesh had turned off is the host's own again.
    enabled: isChanged ? (runs ? null : false) : before,
    slots: number("slots"),
    timeoutMs: number("timeoutMs", 1_000),
    memory: number("memory", MIB),
    cpus: number("cpus"),
  };
}

function scaled(value: number | null | undefined, unit: number): number | null {
  return typeof value === "number" ? value / unit : null;
}

function limitsText({ slots, timeoutMs, memory, cpus }: Limits): string {
  return [
    `${slots} ${slots === 1 ? "slot" : "slots"}`,
    durationText(timeoutMs),
    ...(memory === null ? [] : [bytesText(memory)]),
    ...(cpus === null ? [] : [`${cpus} ${cpus === 1 ? "processor" : "processors"}`]),
  ].join(" · ");
}
