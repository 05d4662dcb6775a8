import { Link } from "wouter";
import { useParameters } from "../../app/parameters.ts";
import type { ReadFlipsQuery } from "../../generated/changed.ts";
import { Ago } from "../../parts/measure.tsx";
import { Name } from "../../parts/name.tsx";
import { Table } from "../../parts/table.tsx";
import { Outcome } from "../../parts/verdict.tsx";

type Flip = ReadFlipsQuery["verdictFlips"]["nodes"][number];

/** What engines said before, and what they say now. */
export function FlipTable({ flips }: { flips: readonly Flip[] }) {
  return (
    <Table columns={["File", "Before", "Now", "Engine", "When", "Versions"]}>
      {flips.map((flip) => (
        <Row key={flip.id} of={flip} />
      ))}
    </Table>
  );
}

function Row({ of: flip }: { of: Flip }) {
  const { addressWith } = useParameters();
  return (
    <tr>
      <td>
        <Link href={`/scan/${flip.scan.scanId}`}>
          <Name text={flip.scan.name || flip.sample.sha256} />
        </Link>
      </td>
      <td>
        <Said verdict={flip.from} signature={flip.fromSignature} />
      </td>
      <td>
        <Said verdict={flip.to} signature={flip.toSignature} />
      </td>
      <td>
        <Link href={addressWith({ engine: flip.engine, after: undefined })}>
          <Name text={flip.engine} />
        </Link>
      </td>
      <td>
        <Ago at={flip.at} />
      </td>
      <td>
        <Name text={flip.fromVersion ?? "unknown"} /> → <Name text={flip.toVersion ?? "unknown"} />
      </td>
    </tr>
  );
}

/** An engine that has no verdict of a file has found nothing in it. */
function Said({ verdict, signature }: { verdict: string | null; signature: string | null }) {
  return (
    <>
      {verdict === null ? "nothing" : <Outcome state="DONE" verdict={verdict} />}
      {signature !== null && (
        <>
          {" "}
          <Name text={signature} />
        </>
      )}
    </>
  );
}
