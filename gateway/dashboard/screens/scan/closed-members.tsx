import type { ReadDetailsQuery } from "../../generated/scan.ts";
import { Name } from "../../parts/name.tsx";

type Closed = Extract<NonNullable<ReadDetailsQuery["node"]>, { readonly closed: object }>["closed"][number];

const STATES: Readonly<Record<string, string>> = {
  ENCRYPTED: "encrypted",
  DAMAGED: "damaged",
  UNSUPPORTED: "packed in a way that it does not open",
  LIMIT: "beyond its limits",
};
/** As many as one can read; the API has all of them. */
const SHOWN = 20;

/** What the engine has not looked into in the sample. */
export function ClosedMembers({ closed }: { closed: readonly Closed[] }) {
  return (
    <div>
      <strong>Not looked into</strong>
      <ul className="items">
        {closed.slice(0, SHOWN).map(({ path, format, method, state }, index) => (
          <li key={index}>
            {path === "" ? "the file itself" : <Name text={path} />}: {STATES[state] ?? state.toLowerCase()}
            {format !== "" && (
              <span className="soft">
                {" "}
                (<Name text={[format, method].filter(Boolean).join(", ")} />)
              </span>
            )}
          </li>
        ))}
      </ul>
      {closed.length > SHOWN && <p className="soft">and {closed.length - SHOWN} more</p>}
    </div>
  );
}
