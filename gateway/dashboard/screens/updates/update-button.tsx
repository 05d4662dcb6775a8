import { useState } from "react";
import { useClient } from "urql";
import { UpdateSetNow } from "../../generated/updates.ts";
import { Name } from "../../parts/name.tsx";
import { Problem } from "../../parts/notice.tsx";
import { Status } from "../../parts/status.tsx";

interface Answer {
  readonly text: string;
  readonly isProblem: boolean;
}

/** Updates a set to its newest bundle, and says what came of it. */
export function UpdateButton({ engine, set, to }: { engine: string; set: string; to: string }) {
  const client = useClient();
  const [answer, setAnswer] = useState<Answer>();
  const [isBusy, setIsBusy] = useState(false);
  const update = async () => {
    setIsBusy(true);
    const { data, error } = await client.mutation(UpdateSetNow, { engine, set, skipCanary: false }).toPromise();
    setIsBusy(false);
    const said = data?.updateEngines;
    if (error || said === undefined) return setAnswer({ text: error?.message ?? "The gateway gave no answer.", isProblem: true });
    if ("message" in said) return setAnswer({ text: said.message, isProblem: true });
    const asked = said.asked.length > 0 ? ["A fetcher looks for something newer now."] : [];
    setAnswer({ text: [...said.refused.map(({ message }) => message), ...asked].join(" "), isProblem: false });
  };
  return (
    <>
      <button type="button" disabled={isBusy} onClick={() => void update()}>
        Update now
        <span className="unseen">
          {" "}
          <Name text={to} />
        </span>
      </button>
      {answer?.isProblem === true && <Problem what={answer.text} />}
      {answer?.isProblem === false && answer.text !== "" && <Status text={answer.text} />}
    </>
  );
}
