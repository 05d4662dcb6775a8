import { useEffect, useRef } from "react";
import type { CreateJoinTokenMutation } from "../../generated/add-host.ts";
import { Copy } from "../../parts/copy.tsx";

type Lines = Extract<CreateJoinTokenMutation["createJoinToken"], { text: string }>["lines"];

/** A token that was made just now. */
export interface MadeToken {
  readonly id: string;
  readonly lines: Lines;
}

const WHERE: Readonly<Record<string, string>> = {
  CLONE: "In a clone of ScanMesh on the host",
  DOCKER: "On a host with Docker",
  SCRIPT: "On a host that has nothing of ScanMesh yet",
};

/** The lines for a new token, one for each way in which a host can join. The keyboard is led to them. */
export function JoinLines({ made: { lines } }: { made: MadeToken }) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => place.current?.focus(), []);
  return (
    <div ref={place} tabIndex={-1} role="group" aria-label="The line to run on the host" className="stack">
      <p>
        <strong>Run {lines.length === 1 ? "this line" : "one of these lines"} on the host.</strong> The token in it is shown only
        now; whoever has it can join.
      </p>
      {lines.map(({ method, text }) => (
        <div key={method}>
          <h3>{WHERE[method] ?? method}</h3>
          <div className="row">
            <code className="command">{text}</code>
            <Copy text={text} what="the line" />
          </div>
        </div>
      ))}
    </div>
  );
}
