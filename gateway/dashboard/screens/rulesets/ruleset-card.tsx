import { useState } from "react";
import { Link } from "wouter";
import { CancelVersion, CheckVersion, DeleteVersion, EnableVersion, TryVersion } from "../../generated/rulesets.ts";
import { Ago } from "../../parts/measure.tsx";
import { Name } from "../../parts/name.tsx";
import { OrderButton } from "../../parts/order-button.tsx";
import { RollBackButton } from "../../parts/roll-back-button.tsx";
import { Table } from "../../parts/table.tsx";
import type { Draft, RuleFile } from "./send-ruleset.ts";
import { VersionDetails } from "./version-details.tsx";
import { isUnderWay, VersionState, type ShownRuleset, type ShownVersion } from "./version-state.tsx";
import "./rulesets.css";

type Update = NonNullable<ShownRuleset["update"]>;

const SAMPLES = 1_000;

const UPDATE_STATES: Readonly<Record<string, string>> = {
  PENDING: "waits to begin",
  CANARY: "is under way: one host fetches it and tests it, which takes a minute or two, and the others follow",
  ROLLING: "is under way: hosts fetch it and test it, which takes a minute or two",
  HELD: "is held: somebody has to decide",
};

interface Props {
  readonly of: ShownRuleset;
  readonly mayWrite: boolean;
  /** A new version is to begin with these rules. */
  onDraft(draft: Draft): void;
}

/** A ruleset with its versions, and what can be done with them. */
export function RulesetCard({ of: one, mayWrite, onDraft }: Props) {
  const { engine, name, serves, update, versions } = one;
  const [chosen, setChosen] = useState<{ readonly id: string | null; readonly newest: string | undefined }>();
  // The newest one, unless somebody has chosen since it came.
  const newest = versions[0];
  const shown = chosen?.newest === newest?.id && chosen ? versions.find(({ id }) => id === chosen.id) : newest;
  const draft = (texts: readonly RuleFile[]) => onDraft({ name, texts });
  const title = `ruleset-${engine}-${name}`;
  return (
    <section className="card stack" aria-labelledby={title}>
      <h2 id={title}>
        <Name text={name} />
      </h2>
      <div className="row">
        <p>
          {serves === null ? "No host serves it." : `Hosts serve version ${serves}.`}
          {update !== null && (
            <>
              {" "}
              <Link href="/updates">{updateText(update)}</Link>
            </>
          )}
        </p>
        {mayWrite && (serves !== null || update !== null) && update?.cause !== "ROLLBACK" && (
          <RollBackButton engine={engine} set={name} to={name} />
        )}
      </div>
      <Table columns={["Version", "State", "Rules", "Sent", "Comment", "Do"]}>
        {versions.map((version) => (
          <tr key={version.id}>
            <th scope="row">{version.number}</th>
            <td>
              <VersionState of={version} isServed={version.number === serves} isComing={isComing(one, version)} />
            </td>
            <td>{version.rules ?? "–"}</td>
            <td>
              <Ago at={version.createdAt} />
              {version.createdBy !== null && (
                <div className="small">
                  <Name text={version.createdBy} />
                </div>
              )}
            </td>
            <td>
              <Name text={version.comment} />
            </td>
            <td>
              <div className="row">
                <button
                  type="button"
                  aria-expanded={version === shown}
                  onClick={() => setChosen({ id: version === shown ? null : version.id, newest: newest?.id })}
                >
                  {version === shown ? "Hide" : "Show"}
                  <span className="unseen"> {nameOf(one, version)}</span>
                </button>
                {mayWrite && version.removedAt === null && <Orders of={version} one={one} />}
              </div>
            </td>
          </tr>
        ))}
      </Table>
      {shown && <VersionDetails key={shown.id} of={shown} {...(mayWrite && { onDraft: draft })} />}
    </section>
  );
}

function nameOf({ name }: ShownRuleset, { number }: ShownVersion): string {
  return `${name} ${number}`;
}

/** Such as `An update to v3 is under way: it is tested on one host.` */
function updateText({ state, cause, toBundle }: Update): string {
  const to = toBundle?.version ?? "no version";
  const what = cause === "ROLLBACK" ? `Going back to ${to}` : `An update to ${to}`;
  return `${what} ${UPDATE_STATES[state] ?? "is under way"}.`;
}

/** Whether hosts are to serve a version soon. In a bundle, version 3 is called `v3`. */
function isComing({ update }: ShownRuleset, { number }: ShownVersion): boolean {
  return update?.toBundle?.version === `v${number}`;
}

function Orders({ of: version, one }: { of: ShownVersion; one: ShownRuleset }) {
  const { id, number, state, check, tried } = version;
  const to = nameOf(one, version);
  const isReady = state === "READY";
  // While hosts change, no other version can be enabled.
  const isChanging = one.update?.state === "CANARY" || one.update?.state === "ROLLING";
  const isFree = number !== one.serves && !isComing(one, version);
  const canCancel = isUnderWay(check) || isUnderWay(tried);
  return (
    <>
      {isReady && !isUnderWay(tried) && (
        <OrderButton mutation={TryVersion} variables={{ id, last: SAMPLES }} to={to}>
          Try
        </OrderButton>
      )}
      {canCancel && (
        <OrderButton mutation={CancelVersion} variables={{ id }} to={to}>
          Cancel
        </OrderButton>
      )}
      {state === "CHECKING" && !isUnderWay(check) && (
        <OrderButton mutation={CheckVersion} variables={{ id }} to={to}>
          Check
        </OrderButton>
      )}
      {isReady && isFree && !isChanging && (
        <OrderButton
          mutation={EnableVersion}
          variables={{ id }}
          to={to}
          question={`Have all hosts serve ${to}, one of them first?`}
        >
          Enable
        </OrderButton>
      )}
      {isFree && (
        <OrderButton mutation={DeleteVersion} variables={{ id }} to={to} question={`Delete ${to}?`}>
          Delete
        </OrderButton>
      )}
    </>
  );
}
