import { hash } from "node:crypto";
import { createSourceEventStream, execute, type ExecutionArgs, type ExecutionResult, type GraphQLError } from "graphql";
import type { Logger } from "pino";
import { SCOPES } from "../../schema/scopes.js";
import { presented, presentError } from "./present-error.js";
import { renewed, type RequestContext } from "./request-context.js";

/** An operation that was checked. */
export interface PreparedOperation extends ExecutionArgs {
  readonly contextValue: RequestContext;
  /** The document as it was sent. */
  readonly query: string;
}

/** Starts a subscription: its results as JSON. What refuses it, or breaks it off, is its last result. `ended` is called after it. */
export type Subscriptions = (args: PreparedOperation, ended: () => void) => Promise<AsyncIterableIterator<Buffer>>;

/** So many different questions about one event are answered once; more are answered one by one, and not remembered. */
const MOST_ANSWERS = 100;

/**
 * An event is executed and written as JSON once for all subscribers that ask the same of it. The verbs give the same event to
 * everybody as the same object, and each subscriber takes it when it is ready: nobody waits for another.
 */
export function createSubscriptions(log: Logger): Subscriptions {
  const written = new WeakMap<object, Map<string, Promise<Buffer> | Buffer>>();

  async function write(args: PreparedOperation, event: object): Promise<Buffer> {
    const result = await execute({ ...args, rootValue: event, contextValue: renewed(args.contextValue) });
    return jsonOf(result, log);
  }

  return async (args, ended) => {
    const source = await createSourceEventStream(args);
    if (!(Symbol.asyncIterator in source)) {
      ended();
      return single(jsonOf(source, log));
    }
    const events = (source as AsyncIterable<object>)[Symbol.asyncIterator]();
    const question = questionOf(args);
    return answers(events, log, ended, (event) => {
      const known = written.get(event) ?? new Map<string, Promise<Buffer> | Buffer>();
      written.set(event, known);
      const before = known.get(question);
      if (before) return before;
      const answer = write(args, event).then((made) => {
        if (known.has(question)) known.set(question, made);
        return made;
      });
      if (known.size < MOST_ANSWERS) known.set(question, answer);
      return answer;
    });
  };
}

/** An execution's result as clients get it. */
export function jsonOf(result: ExecutionResult, log: Logger): Buffer {
  return Buffer.from(JSON.stringify(presented(result, log)));
}

/** What two subscribers must have in common to be told the same. */
function questionOf({ query, operationName, variableValues, contextValue: { caller, baseUrl } }: PreparedOperation): string {
  const scopes = SCOPES.filter((scope) => caller.scopes.has(scope));
  const parts = [query, operationName ?? null, variableValues ?? null, scopes, baseUrl];
  return hash("sha256", JSON.stringify(parts), "base64");
}

/** What is wrong with an operation that was not executed, as clients get it. */
export function refusalOf(errors: readonly GraphQLError[]): Buffer {
  return Buffer.from(JSON.stringify({ errors }));
}

function answers(
  events: AsyncIterator<object>,
  log: Logger,
  ended: () => void,
  answer: (event: object) => Promise<Buffer> | Buffer,
): AsyncIterableIterator<Buffer> {
  let failed = false;
  const end = (): IteratorReturnResult<undefined> => {
    ended();
    return { done: true, value: undefined };
  };
  return {
    async next() {
      if (failed) return end();
      try {
        const { done, value } = await events.next();
        if (done) return end();
        const result = answer(value);
        return { done: false, value: result instanceof Promise ? await result : result };
      } catch (error) {
        failed = true;
        return { done: false, value: jsonOf({ errors: [presentError(error, log)] }, log) };
      }
    },
    async return() {
      const ending = end();
      await events.return?.();
      return ending;
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

/** An iterator over one result. */
export async function* single(result: Buffer): AsyncGenerator<Buffer> {
  yield result;
}
