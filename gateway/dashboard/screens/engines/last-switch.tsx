import { useQuery } from "urql";
import { useMay } from "../../app/viewer.ts";
import { LastSwitch as ReadLastSwitch } from "../../generated/engines.ts";
import { Ago } from "../../parts/measure.tsx";
import { Name } from "../../parts/name.tsx";

/** Who switched an engine off, and when, for those who may read the audit log. */
export function LastSwitch({ name }: { name: string }) {
  const isAdmin = useMay("ADMIN");
  const [{ data }] = useQuery({
    query: ReadLastSwitch,
    variables: { name },
    pause: !isAdmin,
    requestPolicy: "cache-and-network",
  });
  const last = data?.auditEvents.nodes[0];
  if (last === undefined) return null;
  return (
    <p className="soft small">
      Switched off <Ago at={last.at} /> by <Name text={last.keyName ?? last.address ?? "somebody without a key"} />
    </p>
  );
}
