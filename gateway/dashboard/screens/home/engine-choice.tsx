import type { HomeEngineFragment } from "../../generated/home.ts";
import { Name } from "../../parts/name.tsx";

interface Props {
  engines: readonly HomeEngineFragment[];
  /** Null: whichever the speed lets in. */
  chosen: readonly string[] | null;
  onChoose(names: readonly string[] | null): void;
}

/** Which engines scan: all that the speed lets in, or some by name. */
export function EngineChoice({ engines, chosen, onChoose }: Props) {
  const enabled = engines.filter((engine) => engine.enabled);
  const usable = enabled.filter(({ available }) => available);
  const toggle = (name: string, isOn: boolean) => {
    const names = isOn ? [...(chosen ?? []), name] : (chosen ?? []).filter((one) => one !== name);
    onChoose(names.length === 0 ? null : names);
  };
  return (
    <details>
      <summary>{chosen === null ? "Choose engines" : `Only ${chosen.length} of ${usable.length} engines`}</summary>
      {chosen === null && usable.length > 0 && <p className="small soft">None is ticked: all of them take part.</p>}
      {enabled.map(({ name, available }) => (
        <label key={name} className="check">
          <input
            type="checkbox"
            disabled={!available && chosen?.includes(name) !== true}
            checked={chosen?.includes(name) ?? false}
            onChange={({ target }) => toggle(name, target.checked)}
          />
          <Name text={name} /> {!available && <span className="soft">(away or unhealthy)</span>}
        </label>
      ))}
      {usable.length === 0 && <p className="soft">No engine is available now.</p>}
    </details>
  );
}
