import { useSubscription } from "urql";
import { Link } from "wouter";
import { useServerNow } from "../../api/clock.ts";
import { useParameters } from "../../app/parameters.ts";
import { RevokeToken, WatchTokenTable, type WatchTokenTableSubscription } from "../../generated/add-host.ts";
import { Empty } from "../../parts/empty.tsx";
import { Ago, timeText } from "../../parts/measure.tsx";
import { Name } from "../../parts/name.tsx";
import { Problem } from "../../parts/notice.tsx";
import { OrderButton } from "../../parts/order-button.tsx";
import { useRows } from "../../parts/rows.tsx";
import { Table } from "../../parts/table.tsx";

type Token = WatchTokenTableSubscription["joinTokensUpdated"][number];

/** The join tokens, without their texts. */
export function TokenTable() {
  const { parameters, addressWith } = useParameters();
  const ended = parameters.get("ended") === "1";
  const [{ data, error }] = useSubscription({ query: WatchTokenTable, variables: { ended } });
  const { rows, buttons } = useRows(data?.joinTokensUpdated ?? [], "Tokens");
  return (
    <section className="card stack" aria-labelledby="tokens">
      <div className="row spread">
        <h2 id="tokens">{ended ? "All join tokens" : "Join tokens that can be used"}</h2>
        <Link className="button" href={addressWith({ ended: ended ? undefined : "1" })}>
          {ended ? "Hide those that ended" : "Show those that ended, too"}
        </Link>
      </div>
      {error && <Problem error={error} what="The join tokens could not be read." />}
      {data?.joinTokensUpdated.length === 0 && <Empty title="No token can be used">Make a line above: it holds one.</Empty>}
      {rows.length > 0 && (
        <Table columns={["Token", "Class", "Names", "Used", "Made", "Until", "Agents", "Revoke"]}>
          {rows.map((token) => (
            <TokenRow key={token.id} token={token} watchAddress={addressWith({ token: token.id })} />
          ))}
        </Table>
      )}
      {buttons}
    </section>
  );
}

function TokenRow({ token, watchAddress }: { token: Token; watchAddress: string }) {
  const { id, class: internet, namePattern, ephemeral, uses, used, agents, createdAt, expiresAt, revokedAt } = token;
  const isOver = expiresAt !== null && Date.parse(expiresAt) <= useServerNow();
  return (
    <tr>
      <th scope="row">
        <Link className="mono" href={watchAddress}>
          {id}
        </Link>
      </th>
      <td>
        {internet.toLowerCase()}
        {ephemeral && ", ephemeral"}
      </td>
      <td>{namePattern === null ? "any" : <Name text={namePattern} />}</td>
      <td>{uses === null ? used : `${used} of ${uses}`}</td>
      <td>
        <Ago at={createdAt} />
      </td>
      <td>
        {expiresAt === null ? "no expiry" : timeText(expiresAt)}
        {isOver && <strong> expired</strong>}
      </td>
      <td>
        <Name text={agents.join(", ")} />
      </td>
      <td>
        {revokedAt === null ? (
          <OrderButton
            mutation={RevokeToken}
            variables={{ id }}
            to={id}
            question={`Revoke the join token ${id}? Nobody joins by it any more. Agents that have joined stay.`}
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
