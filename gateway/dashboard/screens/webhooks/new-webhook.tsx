import { useState, type FormEvent } from "react";
import { useOrder } from "../../api/order.ts";
import { CreateHook, type WebhookEvent } from "../../generated/webhooks.ts";
import { Problem } from "../../parts/notice.tsx";
import { ShownOnce } from "../../parts/shown-once.tsx";
import { EVENT_WORDS } from "./event-words.ts";

/** A form for a new webhook. The secret that signs its deliveries is shown once. */
export function NewWebhook() {
  const { order, fetching, problem } = useOrder(CreateHook);
  const [secret, setSecret] = useState<string>();
  const create = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const fields = new FormData(form);
    const answer = await order({
      input: { url: String(fields.get("url")).trim(), events: fields.getAll("events") as WebhookEvent[] },
    });
    if (answer === undefined || !("secret" in answer.createWebhook)) return;
    setSecret(answer.createWebhook.secret);
    form.reset();
  };
  return (
    <section className="card stack" aria-labelledby="new-webhook">
      <h2 id="new-webhook">Add a webhook</h2>
      {secret !== undefined && (
        <ShownOnce what="secret that signs the deliveries" text={secret} onDone={() => setSecret(undefined)} />
      )}
      <form className="stack" onSubmit={(event) => void create(event)}>
        <label className="field">
          Address
          <input name="url" type="url" required maxLength={2_048} placeholder="https://…" autoComplete="off" />
        </label>
        <fieldset className="choices">
          <legend>What is sent to it</legend>
          {Object.entries(EVENT_WORDS).map(([event, words]) => (
            <label key={event} className="choice">
              <input type="checkbox" name="events" value={event} defaultChecked={event === "SCAN_DETECTED"} />
              <span>
                {words} <code className="soft">{event}</code>
              </span>
            </label>
          ))}
        </fieldset>
        {problem && <Problem error={problem} what="The webhook was not added." />}
        <div>
          <button className="primary" type="submit" disabled={fetching}>
            Add the webhook
          </button>
        </div>
      </form>
    </section>
  );
}
