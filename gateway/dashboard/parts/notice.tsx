import type { ReactNode } from "react";
import { UNREACHABLE } from "../api/persist.ts";
import { Name } from "./name.tsx";

export type Tone = "infected" | "suspicious" | "clean" | "doubt" | "running";

/** A sentence that should be seen, and perhaps what to do about it. */
export function Notice({ tone, children }: { tone: Tone; children: ReactNode }) {
  return (
    <div className={`notice tone-${tone}`}>
      <div>{children}</div>
    </div>
  );
}

/** Something that did not work, with the error that the gateway gave. */
export function Problem({ what, error, children }: { what?: string; error?: Error | undefined; children?: ReactNode }) {
  const reason = error && messageOf(error);
  return (
    <div role="alert">
      <Notice tone="infected">
        {what} {reason !== undefined && <Name text={reason} />}
        {children}
      </Notice>
    </div>
  );
}

/** What went wrong, without the prefix that the client library adds. */
export function messageOf(error: Error): string {
  const { graphQLErrors, networkError } = error as { graphQLErrors?: readonly Error[]; networkError?: Error };
  if (graphQLErrors !== undefined && graphQLErrors.length > 0) return graphQLErrors.map(({ message }) => message).join(" ");
  // What fetch throws differs between browsers, and says less.
  if (networkError instanceof TypeError) return UNREACHABLE;
  return networkError?.message ?? error.message;
}
