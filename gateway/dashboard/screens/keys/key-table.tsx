import { visibleText } from "../../../../schema/visible-text.ts";
import { RevokeKey, type ReadKeysQuery } from "../../generated/keys.ts";
import { useServerNow } from "../../api/clock.ts";
import { Ago, Time } from "../../parts/measure.tsx";
import { Name } from "../../parts/name.tsx";
import { OrderButton } from "../../parts/order-button.tsx";
import { scopeWord } from "./scope-words.ts";
import { Table } from "../../parts/table.tsx";

type Key = ReadKeysQuery["apiKeyConnection"]["nodes"][number];

export function KeyTable({ keys }: { keys: readonly Key[] }) {
  return (
    <Table columns={["Name", "Begins with", "May", "Limits", "Last used", "Expires", "Revoke"]}>
      {keys.map((key) => (
        <KeyRow key={key.id} of={key} />
      ))}
    </Table>
  );
}

function KeyRow({ of: key }: { of: Key }) {
  const { id, name, scopes, lastUsedAt, expiresAt, revokedAt } = key;
  const isOver = expiresAt !== null && Date.parse(expiresAt) <= useServerNow();
  return (
    <tr>
      <th scope="row" className="engine">
        <Name text={name} />
      </th>
      <td className="mono">sm_{id}_</td>
      <td>{scopes.map(scopeWord).join(", ")}</td>
      <td>{limitsOf(key)}</td>
      <td>{lastUsedAt === null ? "never" : <Ago at={lastUsedAt} />}</td>
      <td>
        {expiresAt === null ? "never" : <Time at={expiresAt} />}
        {isOver && <strong> expired</strong>}
      </td>
      <td>
        {revokedAt === null ? (
          <OrderButton
            mutation={RevokeKey}
            variables={{ id }}
            to={name}
            question={`Revoke the key of ${visibleText(name)}? Whoever uses it is refused within seconds. This cannot be undone.`}
          >
            Revoke
          </OrderButton>
        ) : (
          <>
            revoked <Ago at={revokedAt} />
          </>
        )}
      </td>
    </tr>
  );
}

function limitsOf({ rate, dailyScans, scansToday }: Key): string {
  const limits = [
    ...(rate === null ? [] : [`${rate} requests a second`]),
    ...(dailyScans === null ? [] : [`${scansToday ?? 0} of ${dailyScans} scans today`]),
  ];
  return limits.length === 0 ? "none" : limits.join(", ");
}
