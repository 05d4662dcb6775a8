import { hash } from "node:crypto";
import { createSourceEventStream, execute, type ExecutionArgs, type ExecutionResult, type GraphQLError } from "graphql";
import type { Logger } from "pino";
import { SCOPES } from "../../../schema/scopes.js";
import { Watch, type Step } from "../../watch/watch.js";
import { presented, presentError } from "../context/present-error.js";
import { renewed, type RequestContext } from "../context/request-context.js";

/** An operation that was checked. */
export interface PreparedOperation extends ExecutionArgs {
  readonly contextValue: RequestContext;
  /** The document as it was sent. */
  readonly query: string;
}

/** Starts a subscription: its results as JSON. What refuses it, or breaks it off, is its last result. `ended` is called after it. */
export type Subscriptions = (args: PreparedOperation, ended: () => void) => Promise<Watch<Buffer>>;

/** So many different questions about one event are answered once; more are answered one by one, and not remembered. */
const MOST_ANSWERS = 100;

/** What is told of one event to all who ask the same of it. */
interface Answer {
  /** Undefined while it is being made. */
  told: Step<Buffer> | undefined;
  /** Called once it is made. */
  readonly waiting: Set<() => void>;
}

/**
 * An event is executed and written as JSON once for all subscribers that ask the same of it. The verbs give the same event to
 * everybody as the same object, and each subscriber takes it when it is ready: nobody waits for another.
 */
export function createSubscriptions(log: Logger): Subscriptions {
  const answers = new WeakMap<object, Map<string, Answer>>();

  async function make(args: PreparedOperation, event: object): Promise<Step<Buffer>> {
    try {
      const result = await execute({ ...args, rootValue: event, contextValue: renewed(args.contextValue) });
      return { value: jsonOf(result, log) };
    } catch (error) {
      return brokenOff(error, log);
    }
  }

  function begin(args: PreparedOperation, event: object): Answer {
    const answer: Answer = { told: undefined, waiting: new Set() };
    void make(args, event).then((told) => {
      answer.told = told;
      for (const wake of answer.waiting) wake();
      answer.waiting.clear();
    });
    return answer;
  }

  return async (args, ended) => {
    const events: AsyncIterable<unknown> | ExecutionResult = await createSourceEventStream(args);
    if (!(Symbol.asyncIterator in events)) {
      ended();
      return single(jsonOf(events, log));
    }
    const question = questionOf(args);
    return answered(events as Watch<object>, log, ended, (event) => {
      const known = answers.get(event) ?? new Map<string, Answer>();
      answers.set(event, known);
      const answer = known.get(question) ?? begin(args, event);
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

function brokenOff(error: unknown, log: Logger): Step<Buffer> {
  return { value: jsonOf({ errors: [presentError(error, log)] }, log), last: true };
}

function answered(events: Watch<object>, log: Logger, ended: () => void, answerTo: (event: object) => Answer): Watch<Buffer> {
  let wake = () => {};
  let asked: Answer | undefined;
  return new Watch({
    register(call) {
      wake = call;
      events.onReady(wake);
      return () => {
        events.cancel();
        asked?.waiting.delete(wake);
        ended();
      };
    },
    step() {
      try {
        if (!asked) {
          const event = events.poll();
          if (event === undefined) return undefined;
          if (event.done) return "end";
          asked = answerTo(event.value);
        }
        const { told } = asked;
        if (told) asked = undefined;
        else asked.waiting.add(wake);
        return told;
      } catch (error) {
        return brokenOff(error, log);
      }
    },
  });
}

/** One result, and the end. */
export function single(result: Buffer): Watch<Buffer> {
  return new Watch({ register: () => () => {}, step: () => ({ value: result, last: true }) });
}
