import { useState } from "react";
import { Link } from "wouter";
import {
  CancelVersion,
  CheckVersion,
  DeleteVersion,
  EnableVersion,
  RollBackRuleset,
  TryVersion,
} from "../../generated/rulesets.ts";
import { Ago } from "../../parts/measure.tsx";
import { Name } from "../../parts/name.tsx";
import { OrderButton } from "../../parts/order-button.tsx";
import { Table } from "../../parts/table.tsx";
import { VersionDetails } from "./version-details.tsx";
import { isUnderWay, VersionState, type ShownRuleset, type ShownVersion } from "./version-state.tsx";
import "./rulesets.css";

const SAMPLES = 1_000;

/** A ruleset with its versions, and what can be done with them. */
export function RulesetCard({ of: one, mayWrite }: { of: ShownRuleset; mayWrite: boolean }) {
  const { engine, name, serves, update, versions } = one;
  const [opened, setOpened] = useState<string>();
  const shown = versions.find(({ id }) => id === opened) ?? versions[0];
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
              <Link href="/updates">An update is under way.</Link>
            </>
          )}
        </p>
        {mayWrite && (serves !== null || update !== null) && (
          <OrderButton
            mutation={RollBackRuleset}
            variables={{ engine, set: name }}
            to={name}
            question={`Roll ${name} back to what hosts served before?`}
          >
            Roll back
          </OrderButton>
        )}
      </div>
      <Table columns={["Version", "State", "Rules", "Sent", "Comment", "Do"]}>
        {versions.map((version) => (
          <tr key={version.id}>
            <th scope="row">{version.number}</th>
            <td>
              <VersionState of={version} isServed={version.number === serves} />
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
                <button type="button" aria-pressed={version === shown} onClick={() => setOpened(version.id)}>
                  Show<span className="unseen"> {nameOf(one, version)}</span>
                </button>
                {mayWrite && version.removedAt === null && (
                  <Orders of={version} to={nameOf(one, version)} isServed={version.number === serves} />
                )}
              </div>
            </td>
          </tr>
        ))}
      </Table>
      {shown && <VersionDetails key={shown.id} of={shown} />}
    </section>
  );
}

function nameOf({ name }: ShownRuleset, { number }: ShownVersion): string {
  return `${name} ${number}`;
}

function Orders({ of: { id, state, check, tried }, to, isServed }: { of: ShownVersion; to: string; isServed: boolean }) {
  const isReady = state === "READY";
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
      {isReady && !isServed && (
        <OrderButton
          mutation={EnableVersion}
          variables={{ id }}
          to={to}
          question={`Have all hosts serve ${to}, one of them first?`}
        >
          Enable
        </OrderButton>
      )}
      {!isServed && (
        <OrderButton mutation={DeleteVersion} variables={{ id }} to={to} question={`Delete ${to}?`}>
          Delete
        </OrderButton>
      )}
    </>
  );
}
