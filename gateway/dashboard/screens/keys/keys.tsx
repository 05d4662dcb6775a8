import { Link } from "wouter";
import { useServerNow } from "../../api/clock.ts";
import { useReading } from "../../api/reading.ts";
import { useParameters } from "../../app/parameters.ts";
import { useViewer } from "../../app/viewer.ts";
import { CountKeys, ReadKeys } from "../../generated/keys.ts";
import { Empty } from "../../parts/empty.tsx";
import { ListCount } from "../../parts/list-count.tsx";
import { Notice, Problem } from "../../parts/notice.tsx";
import { Pager } from "../../parts/pager.tsx";
import { ReadAt } from "../../parts/read-at.tsx";
import { KeyTable } from "./key-table.tsx";
import { NewKey } from "./new-key.tsx";

/** An empty list is read again, too, when a key is made. */
const LISTS_KEYS = { additionalTypenames: ["ApiKey"] };

/** The API keys: made, listed and revoked. */
export default function Keys() {
  const { authRequired } = useViewer();
  const { parameters, addressWith } = useParameters();
  const withRevoked = parameters.get("revoked") === "1";
  const reading = useReading({
    query: ReadKeys,
    variables: { revoked: withRevoked, after: parameters.get("after") },
    context: LISTS_KEYS,
  });
  const { data, error } = reading;
  const keys = data?.apiKeyConnection.nodes;
  const counting = useReading({ query: CountKeys, variables: { revoked: withRevoked }, context: LISTS_KEYS });
  const { data: counted } = counting;
  const reload = () => {
    reading.again();
    counting.again();
  };
  const now = useServerNow();
  const usable = counted?.apiKeys.filter(({ revokedAt }) => revokedAt === null) ?? [];
  const expired = usable.filter(({ expiresAt }) => expiresAt !== null && Date.parse(expiresAt) <= now).length;
  const unused = usable.filter(({ lastUsedAt }) => lastUsedAt === null).length;
  return (
    <div className="stack">
      <h1>API keys</h1>
      {!authRequired && (
        <Notice tone="doubt">
          This mesh asks for no keys: whoever reaches it may do everything. The setting <code>SCANMESH_AUTH=keys</code> makes it
          ask. Make a key that may do everything before, or nobody can make another one here.
        </Notice>
      )}
      <NewKey />
      <section className="card stack" aria-labelledby="keys">
        <div className="row spread">
          <h2 id="keys">{withRevoked ? "All keys" : "Keys in use"}</h2>
          <Link className="button" href={addressWith({ revoked: withRevoked ? undefined : "1", after: undefined })}>
            {withRevoked ? "Hide revoked keys" : "Show revoked keys, too"}
          </Link>
        </div>
        <ReadAt of={reading} what="the keys" onReload={reload} />
        {error && <Problem error={error} what="The keys could not be read." />}
        {keys?.length === 0 && (
          <Empty title="There is no key yet">
            Give each program and each person a key of their own: it can be revoked alone.
          </Empty>
        )}
        {counted && counted.apiKeys.length > 0 && (
          <ListCount
            count={counted.apiKeys.length}
            one="key"
            attention={[
              [expired, "expired"],
              [unused, "never used"],
            ]}
          />
        )}
        {keys !== undefined && keys.length > 0 && <KeyTable keys={keys} />}
        {data && <Pager pageInfo={data.apiKeyConnection.pageInfo} what="keys" />}
      </section>
    </div>
  );
}
