import { useState } from "react";
import { Link, useLocation } from "wouter";
import { useParameters } from "../../app/parameters.ts";
import { Arrival } from "./arrival.tsx";
import { JoinLines, type MadeToken } from "./join-lines.tsx";
import { NewToken } from "./new-token.tsx";
import { TokenTable } from "./token-table.tsx";

/** A host is added: its class is chosen, its line copied, and it is watched until it takes work. */
export default function AddHost() {
  const { parameters, addressWith } = useParameters();
  const [, navigate] = useLocation();
  const [made, setMade] = useState<MadeToken>();
  const watched = parameters.get("token");
  return (
    <div className="stack">
      <div>
        <h1>Add a host</h1>
        <p className="soft">
          A host joins by one line, which holds a token. Its key is made on the host and never leaves it. All hosts are on the
          screen <Link href="/fleet">Fleet</Link>.
        </p>
      </div>
      <NewToken
        onMade={(token) => {
          setMade(token);
          navigate(addressWith({ token: token.id }));
        }}
      />
      {watched !== null && (
        <section className="card stack" aria-labelledby="arrival">
          <h2 id="arrival">Hosts that join by this line</h2>
          {made?.id === watched && <JoinLines key={made.id} made={made} />}
          <Arrival key={watched} id={watched} />
        </section>
      )}
      <TokenTable />
    </div>
  );
}
