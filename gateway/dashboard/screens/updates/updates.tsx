import { useSubscription } from "urql";
import { Link } from "wouter";
import { WatchUpdateSets } from "../../generated/updates.ts";
import { Empty } from "../../parts/empty.tsx";
import { Name } from "../../parts/name.tsx";
import { Problem } from "../../parts/notice.tsx";
import type { UpdateSet } from "./set-text.ts";
import { HeldUpdate } from "./held-update.tsx";
import { Matrix } from "./matrix.tsx";
import { Policies } from "./policy-form.tsx";
import { SetTable } from "./set-table.tsx";
import { UpdateHistory } from "./update-history.tsx";

/** Which versions engines serve, how updates of them go, and what can be done about it. */
export default function Updates() {
  const [{ data, error }] = useSubscription({ query: WatchUpdateSets });
  const sets = data?.updateSetsUpdated;
  const ours = sets?.filter(isOurs) ?? [];
  const others = sets?.filter((set) => !isOurs(set)) ?? [];
  const held = ours.filter(({ update }) => update?.state === "HELD");
  const alone = ours.filter(({ hosts }) => hosts.length === 1).map(({ update }) => update?.id);
  const ended = ours.map(({ update }) => `${update?.id} ${update?.state}`).join();
  return (
    <div className="stack">
      <div>
        <h1>Updates</h1>
        <p className="soft">
          A new version comes to one host first, then to the others. One that fails goes back by itself, on all hosts. Rules of
          your own are sent under <Link href="/rulesets">Rulesets</Link>.
        </p>
      </div>
      {error && sets === undefined && <Problem error={error} what="The updates could not be read." />}
      {held.map((set) => (
        <HeldUpdate key={`${set.engine} ${set.set}`} of={set} />
      ))}
      {sets !== undefined && ours.length === 0 && (
        <Empty title="Every engine is updated by its host">
          New rules for Yara: enable a version of a <Link href="/rulesets">ruleset</Link>. Signatures that somebody has in a
          folder: <code>npm run bundle -- publish ENGINE FOLDER</code> sends them as one version, a bundle. Signatures from their
          source: an agent with <code>SCANMESH_FETCH=on</code> fetches them. docs/run/updates.md says more.
        </Empty>
      )}
      {ours.length > 0 && <SetTable sets={ours} />}
      {ours.length > 0 && <Matrix sets={ours} />}
      {ours.length > 0 && <Policies sets={ours} />}
      {ours.length > 0 && others.length > 0 && (
        <p className="soft">
          Engines whose own signatures come from their hosts: <Name text={others.map(({ engine }) => engine).join(", ")} />.
        </p>
      )}
      <UpdateHistory changes={ended} alone={alone} />
    </div>
  );
}

/** Whether the mesh has a say in it. */
function isOurs({ serves, newest, check, update }: UpdateSet): boolean {
  return serves !== null || newest !== null || check !== null || update !== null;
}
