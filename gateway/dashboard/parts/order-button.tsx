import type { ReactNode } from "react";
import type { TypedDocumentNode } from "urql";
import { useOrder } from "../api/order.ts";
import { Name } from "./name.tsx";
import { Problem } from "./notice.tsx";

interface Props<Data, Variables extends Record<string, unknown>> {
  /** A mutation with one field, whose answer has a `message` if it was refused. */
  mutation: TypedDocumentNode<Data, Variables>;
  variables: Variables;
  /** What is asked before it is done; without it, it is done at once. */
  question?: string;
  /** What it is done to, for those who cannot see where the button stands. */
  to: string;
  children: ReactNode;
}

/** A button that gives an order to the mesh, and says if it was refused. */
export function OrderButton<Data extends object, Variables extends Record<string, unknown>>(props: Props<Data, Variables>) {
  const { mutation, variables, question, to, children } = props;
  const { order, fetching, problem } = useOrder(mutation);
  const give = async () => {
    if (question === undefined || confirm(question)) await order(variables);
  };
  return (
    <>
      <button type="button" disabled={fetching} onClick={() => void give()}>
        {children}
        <span className="unseen">
          {" "}
          <Name text={to} />
        </span>
      </button>
      {problem && <Problem error={problem} />}
    </>
  );
}
