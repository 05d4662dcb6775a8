/** GraphQL over HTTP: one question, one answer. */

import { answerCut, gatewayAddress, keyNeeded, notAGateway, unreachable } from "./gateway-address.js";
import { isBearable, readRetryAfter, TryLater, type Patience } from "./retry-after.js";
import { OperatorError } from "../schema/operator-error.js";
import { timeLimit } from "../schema/time-limit.js";

export type Ask = <T>(query: string, variables: object, signal: AbortSignal) => Promise<T>;

export interface GraphQLProblem {
  readonly message: string;
  readonly extensions?: { readonly code?: unknown; readonly retryAfter?: unknown };
}

interface GraphQLAnswer<T> {
  readonly data?: T | null;
  readonly errors?: readonly GraphQLProblem[];
}

/** An answer may take `answerMs`: a connection can die without a word. */
export function createAsk(url: string, apiKey: string | undefined, patiently: Patience, answerMs: number): Ask {
  return (query, variables, signal) => patiently(() => askInTime(query, variables, signal), signal);

  async function askInTime<T>(query: string, variables: object, signal: AbortSignal): Promise<T> {
    const limit = timeLimit(answerMs, signal);
    try {
      return await askOnce<T>(query, variables, limit.signal);
    } catch (error) {
      throw limit.isOver() ? unreachable(url, new Error(`no answer within ${answerMs / 1_000} seconds`)) : error;
    } finally {
      limit.clear();
    }
  }

  async function askOnce<T>(query: string, variables: object, signal: AbortSignal): Promise<T> {
    const key = apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` };
    const headers = { "content-type": "application/json", ...key };
    const body = JSON.stringify({ query, variables });
    const response = await fetch(gatewayAddress(url, "/graphql"), { method: "POST", headers, body, signal }).catch(
      (error: unknown) => {
        throw signal.aborted ? error : unreachable(url, error);
      },
    );
    const seconds = readRetryAfter(response.status, response.headers.get("retry-after"));
    if (seconds !== undefined) throw new TryLater(await refusalText(response), seconds);
    const { data, errors } = await readAnswer<T>(response, url);
    if (errors?.[0]?.extensions?.code === "UNAUTHENTICATED" && apiKey === undefined) throw keyNeeded(url);
    if (errors?.[0]) throw refusal(errors[0]);
    if (!data) throw notAGateway(url);
    return data;
  }
}

/** The error of an operation, which may ask to come again later. */
export function refusal({ message, extensions }: GraphQLProblem): OperatorError {
  const seconds = extensions?.retryAfter;
  return typeof seconds === "number" && isBearable(seconds) ? new TryLater(message, seconds) : new OperatorError(message);
}

async function refusalText(response: Response): Promise<string> {
  const text = await response.text();
  try {
    const { error, errors } = JSON.parse(text) as { error?: string; errors?: readonly GraphQLProblem[] };
    return error ?? errors?.[0]?.message ?? `HTTP ${response.status}`;
  } catch (error) {
    if (error instanceof SyntaxError) return `HTTP ${response.status}`;
    throw error;
  }
}

async function readAnswer<T>(response: Response, url: string): Promise<GraphQLAnswer<T>> {
  if (!response.headers.get("content-type")?.includes("json")) throw notAGateway(url);
  const answer = (await response.json().catch((cause: unknown) => {
    throw answerCut(url, cause);
  })) as GraphQLAnswer<T> & { error?: string };
  if (answer.error !== undefined) throw new OperatorError(answer.error);
  return answer;
}
