import { useState, type FormEvent } from "react";
import { CUT } from "../../../../schema/signature-names.ts";
import { visibleText } from "../../../../schema/visible-text.ts";
import { useOrder } from "../../api/order.ts";
import { useMay } from "../../app/viewer.ts";
import { SuppressSignature } from "../../generated/scan.ts";
import { Expiry, expiryIn } from "../../parts/expiry.tsx";
import { Name } from "../../parts/name.tsx";
import { Notice, Problem } from "../../parts/notice.tsx";
import type { ReportedResult } from "./reported-result.ts";

/** Makes a signature that an engine found count for nothing from now on. */
export function SuppressForm({ result: { engine, verdict, signature } }: { result: ReportedResult }) {
  const { order, fetching, problem } = useOrder(SuppressSignature);
  const [done, setDone] = useState<string>();
  const mayRun = useMay("ADMIN");
  if (!mayRun || signature === null || (verdict !== "INFECTED" && verdict !== "SUSPICIOUS")) return null;
  if (done !== undefined)
    return (
      <Notice tone="clean">
        <Name text={done} /> counts for nothing in new results; scan again to see it. <a href="#/engines">Engines</a> lists what
        is suppressed.
      </Notice>
    );
  const isCut = signature.split(", ").at(-1) === CUT;
  const suppress = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const text = (field: string) => String(form.get(field) ?? "");
    const answer = await order({
      signature: text("signature"),
      engine: text("engine") || null,
      reason: text("reason"),
      expiresAt: expiryIn(form),
    });
    if (answer !== undefined && "suppression" in answer.suppressSignature)
      setDone(answer.suppressSignature.suppression.signature);
  };
  return (
    <details>
      <summary>Suppress {signature.includes(", ") ? "a signature" : "this signature"}</summary>
      <form className="stack" onSubmit={(event) => void suppress(event)}>
        <p className="soft">
          It then counts for nothing on every host within seconds. Reports say that it was suppressed, and why. Results that are
          there stay as they are.
        </p>
        {isCut && (
          <p className="soft">
            So many rules matched that the list ends here. The details above name the others; <code>suppressSignature</code> and{" "}
            <code>npm run signatures</code> take any name.
          </p>
        )}
        <div className="fields">
          <label className="field">
            Signature
            <select name="signature">
              {namesIn(signature).map((name) => (
                <option key={name} value={name}>
                  {visibleText(name)}
                </option>
              ))}
            </select>
          </label>
          <label className="field">
            Engine
            <select name="engine" defaultValue={engine}>
              <option value={engine}>{visibleText(engine)}</option>
              <option value="">Every engine</option>
            </select>
          </label>
          <Expiry label="Counts again" />
        </div>
        <label className="field">
          Why it is wrong
          <input name="reason" required maxLength={500} autoComplete="off" />
        </label>
        {problem && <Problem error={problem} what="It was not suppressed." />}
        <div>
          <button type="submit" disabled={fetching}>
            Suppress it
          </button>
        </div>
      </form>
    </details>
  );
}

/** Yara names each rule that matched; too long a list ends with an ellipsis. */
function namesIn(signature: string): string[] {
  return signature.split(", ").filter((name) => name !== CUT);
}
