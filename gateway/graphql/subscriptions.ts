import { createHash } from "node:crypto";
import { createSourceEventStream, execute, type ExecutionArgs, type ExecutionResult } from "graphql";
import type { Logger } from "pino";
import { presented, presentError } from "./present-error.js";
import { renewed, type RequestContext } from "./request-context.js";

/** An operation that was checked. */
export interface PreparedOperation extends ExecutionArgs {
  readonly contextValue: RequestContext;
  /** The document as it was sent. */
  readonly query: string;
}

/** Starts a subscription: its results as JSON. What refuses it, or breaks it off, is its last result. */
export type Subscriptions = (args: PreparedOperation) => Promise<AsyncIterableIterator<string>>;

/** So many different questions about one event are answered once; more are answered one by one, and not remembered. */
const MOST_ANSWERS = 100;

/**
 * An event is executed and written as JSON once for all subscribers that ask the same of it. The verbs give the same event to
 * everybody as the same object, and each subscriber takes it when it is ready: nobody waits for another.
 */
export function createSubscriptions(log: Logger): Subscriptions {
  const written = new WeakMap<object, Map<string, Promise<string>>>();

  async function write(args: PreparedOperation, event: object): Promise<string> {
    const result = await execute({ ...args, rootValue: event, contextValue: renewed(args.contextValue) });
    return textOf(result, log);
  }

  return async (args) => {
    const source = await createSourceEventStream(args);
    if (!(Symbol.asyncIterator in source)) return single(textOf(source, log));
    const events = (source as AsyncIterable<object>)[Symbol.asyncIterator]();
    const question = questionOf(args);
    return texts(events, log, (event) => {
      const answers = written.get(event) ?? new Map<string, Promise<string>>();
      written.set(event, answers);
      const answer = answers.get(question) ?? write(args, event);
      if (answers.size < MOST_ANSWERS) answers.set(question, answer);
      return answer;
    });
  };
}

function textOf(result: ExecutionResult, log: Logger): string {
  return JSON.stringify(presented(result, log));
}

/** What two subscribers must have in common to be told the same. */
function questionOf({ query, operationName, variableValues, contextValue: { caller, baseUrl } }: PreparedOperation): string {
  const parts = [query, operationName ?? null, variableValues ?? null, [...caller.scopes].toSorted(), baseUrl];
  return createHash("sha256").update(JSON.stringify(parts)).digest("base64");
}

function texts(
  events: AsyncIterator<object>,
  log: Logger,
  answer: (event: object) => Promise<string>,
): AsyncIterableIterator<string> {
  let failed = false;
  return {
    async next() {
      if (failed) return { done: true, value: undefined };
      try {
        const { done, value } = await events.next();
        return done ? { done: true, value: undefined } : { done: false, value: await answer(value) };
      } catch (error) {
        failed = true;
        return { done: false, value: textOf({ errors: [presentError(error, log)] }, log) };
      }
    },
    async return() {
      await events.return?.();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

/** An iterator over one text. */
export async function* single(text: string): AsyncGenerator<string> {
  yield text;
}
