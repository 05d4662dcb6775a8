/**
 * Subscriptions, executed once for all subscribers with the same question. A question is a document with its variables and the caller's
 * scopes; an answer is the JSON of one event for it.
 */

import { hash } from "node:crypto";
import { createSourceEventStream, execute, type ExecutionArgs, type ExecutionResult, type GraphQLError } from "graphql";
import type { Logger } from "pino";
import { SCOPES } from "../../../schema/scopes.js";
import { Watch, type Step } from "../../watch/watch.js";
import { presentError, presentErrors } from "../context/present-error.js";
import { withFreshLoaders, type RequestContext } from "../context/request-context.js";

/** An operation that has passed all checks. */
export interface PreparedOperation extends ExecutionArgs {
  readonly contextValue: RequestContext;
  /** The document as sent by the client. */
  readonly query: string;
}

/**
 * Starts a subscription and returns its results as JSON. An error that refuses it or ends it early is its last result. `onEnd` is called
 * after the last result.
 */
export type Subscriptions = (args: PreparedOperation, onEnd: () => void) => Promise<Watch<Buffer>>;

/** How many different questions about one event share answers. Answers to further ones are not shared. */
const SHARED_ANSWERS = 100;

/** The result of one event for all subscribers with the same question. */
interface Answer {
  /** Undefined while the event is being executed. */
  result: Step<Buffer> | undefined;
  /** Called once the result is available. */
  readonly waiting: Set<() => void>;
}

/**
 * Each event is executed and serialized once for all subscribers with the same question. Verbs pass the same object for the same event to
 * everybody. Each subscriber takes the result when it is ready, so nobody waits for another.
 */
export function createSubscriptions(log: Logger): Subscriptions {
  const answers = new WeakMap<object, Map<string, Answer>>();

  async function executeEvent(args: PreparedOperation, event: object): Promise<Step<Buffer>> {
    try {
      const result = await execute({ ...args, rootValue: event, contextValue: withFreshLoaders(args.contextValue) });
      return { value: serializeResult(result, log) };
    } catch (error) {
      return lastError(error, log);
    }
  }

  function startAnswer(args: PreparedOperation, event: object): Answer {
    const answer: Answer = { result: undefined, waiting: new Set() };
    void executeEvent(args, event).then((result) => {
      answer.result = result;
      for (const wake of answer.waiting) wake();
      answer.waiting.clear();
    });
    return answer;
  }

  return async (args, onEnd) => {
    const events: AsyncIterable<unknown> | ExecutionResult = await createSourceEventStream(args);
    if (!(Symbol.asyncIterator in events)) {
      onEnd();
      return singleResult(serializeResult(events, log));
    }
    const question = questionKey(args);
    return watchAnswers(events as Watch<object>, log, onEnd, (event) => {
      const shared = answers.get(event) ?? new Map<string, Answer>();
      answers.set(event, shared);
      const answer = shared.get(question) ?? startAnswer(args, event);
      if (shared.size < SHARED_ANSWERS) shared.set(question, answer);
      return answer;
    });
  };
}

/** An execution's result as shown to clients. */
export function serializeResult(result: ExecutionResult, log: Logger): Buffer {
  return Buffer.from(JSON.stringify(presentErrors(result, log)));
}

/** Equal for two subscribers that must get the same results. */
function questionKey({ query, operationName, variableValues, contextValue: { caller, baseUrl } }: PreparedOperation): string {
  const scopes = SCOPES.filter((scope) => caller.scopes.has(scope));
  const parts = [query, operationName ?? null, variableValues ?? null, scopes, baseUrl];
  return hash("sha256", JSON.stringify(parts), "base64");
}

/** The result of an operation that was refused. */
export function errorResult(errors: readonly GraphQLError[]): Buffer {
  return Buffer.from(JSON.stringify({ errors }));
}

function lastError(error: unknown, log: Logger): Step<Buffer> {
  return { value: serializeResult({ errors: [presentError(error, log)] }, log), last: true };
}

function watchAnswers(events: Watch<object>, log: Logger, onEnd: () => void, answerTo: (event: object) => Answer): Watch<Buffer> {
  let wake = () => {};
  let current: Answer | undefined;
  return new Watch({
    register(call) {
      wake = call;
      events.onReady(wake);
      return () => {
        events.cancel();
        current?.waiting.delete(wake);
        onEnd();
      };
    },
    step() {
      try {
        if (!current) {
          const event = events.poll();
          if (event === undefined) return undefined;
          if (event.done) return "end";
          current = answerTo(event.value);
        }
        const { result } = current;
        if (result) current = undefined;
        else current.waiting.add(wake);
        return result;
      } catch (error) {
        return lastError(error, log);
      }
    },
  });
}

/** A stream of a single result. */
export function singleResult(result: Buffer): Watch<Buffer> {
  return new Watch({ register: () => () => {}, step: () => ({ value: result, last: true }) });
}
