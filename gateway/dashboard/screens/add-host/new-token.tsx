import type { FormEvent } from "react";
import { useOrder } from "../../api/order.ts";
import { CreateJoinToken, type CreateJoinTokenMutationVariables, type InternetClass } from "../../generated/add-host.ts";
import { Notice, Problem } from "../../parts/notice.tsx";
import type { MadeToken } from "./join-lines.tsx";

const CLASSES: readonly { readonly name: InternetClass; readonly word: string; readonly sentence: string }[] = [
  {
    name: "ISOLATED",
    word: "isolated",
    sentence: "Its engines reach nothing but the mesh, and it sees the samples of all scans that ask for its engines.",
  },
  {
    name: "INTERNET",
    word: "internet",
    sentence: "Its engines may ask services on the internet. It sees only samples of scans that allow that.",
  },
];

const TIMES: readonly (readonly [seconds: number, word: string])[] = [
  [600, "10 minutes"],
  [3_600, "An hour"],
  [86_400, "A day"],
  [604_800, "7 days"],
];

/** A form for a new join token. */
export function NewToken({ onMade }: { onMade: (token: MadeToken) => void }) {
  const { order, fetching, problem } = useOrder(CreateJoinToken);
  const isLocal = isLoopback(location.hostname);
  const create = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const answer = await order(inputOf(new FormData(event.currentTarget)));
    if (answer === undefined || !("text" in answer.createJoinToken)) return;
    const { joinToken, lines } = answer.createJoinToken;
    onMade({ id: joinToken.id, lines });
  };
  return (
    <section className="card stack" aria-labelledby="new-token">
      <h2 id="new-token">Make the line</h2>
      <form className="stack" onSubmit={(event) => void create(event)}>
        <fieldset className="choices">
          <legend>Class</legend>
          {CLASSES.map(({ name, word, sentence }) => (
            <label key={name} className="choice">
              <input type="radio" name="class" value={name} defaultChecked={name === "ISOLATED"} />
              <span>
                <strong>{word}</strong>
                <br />
                <span className="soft">{sentence}</span>
              </span>
            </label>
          ))}
        </fieldset>
        {isLocal && (
          <Notice tone="doubt">
            You reach this gateway at an address that means the own machine everywhere. Name one below at which the host reaches
            it.
          </Notice>
        )}
        <details open={isLocal}>
          <summary>More</summary>
          <div className="stack">
            <div className="fields">
              <label className="field">
                Address of a gateway, as the host reaches it
                <input name="gateway" type="url" required maxLength={200} defaultValue={ownAddress()} autoComplete="off" />
              </label>
              <label className="field">
                Can be used for
                <select name="ttl" defaultValue="3600">
                  {TIMES.map(([seconds, word]) => (
                    <option key={seconds} value={seconds}>
                      {word}
                    </option>
                  ))}
                </select>
              </label>
              <label className="field">
                Agents that may join
                <input name="uses" type="number" required min={1} max={1_000} step={1} defaultValue={1} />
              </label>
              <label className="field">
                Names that they may take
                <input
                  name="namePattern"
                  maxLength={64}
                  pattern="[A-Za-z0-9_*\-]+"
                  placeholder="any, or rack-*"
                  autoComplete="off"
                />
              </label>
            </div>
            <label className="choice">
              <input type="checkbox" name="ephemeral" />
              <span>
                <strong>ephemeral</strong>
                <br />
                <span className="soft">They are forgotten 10 minutes after they are gone.</span>
              </span>
            </label>
          </div>
        </details>
        {problem && <Problem error={problem} what="The line was not made." />}
        <div>
          <button className="primary" type="submit" disabled={fetching}>
            Make the line
          </button>
        </div>
      </form>
    </section>
  );
}

function inputOf(form: FormData): CreateJoinTokenMutationVariables {
  const text = (field: string) => String(form.get(field) ?? "").trim();
  return {
    class: text("class") as InternetClass,
    ttl: Number(text("ttl")),
    uses: Number(text("uses")),
    namePattern: text("namePattern") || null,
    ephemeral: form.has("ephemeral"),
    gateway: text("gateway"),
  };
}

function ownAddress(): string {
  return location.origin + location.pathname.replace(/\/+$/, "");
}

function isLoopback(name: string): boolean {
  return name === "localhost" || name.endsWith(".localhost") || name === "[::1]" || name.startsWith("127.");
}
