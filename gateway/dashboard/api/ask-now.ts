import { createRequest, type AnyVariables, type OperationResult, type TypedDocumentNode } from "urql";
import { client } from "./client.ts";
import { isOnItsWay } from "./under-way.ts";

/** Asks the gateway for what is there now, whatever was read before; an answer that is on its way may be older. */
export async function askNow<Data, Variables extends AnyVariables>(
  query: TypedDocumentNode<Data, Variables>,
  variables: Variables,
): Promise<OperationResult<Data, Variables>> {
  if (isOnItsWay(createRequest(query, variables).key)) await client.query(query, variables).toPromise();
  return client.query(query, variables, { requestPolicy: "network-only" }).toPromise();
}
