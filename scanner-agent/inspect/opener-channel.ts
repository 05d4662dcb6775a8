import { Failed } from "../contract.js";
import type { FencedNode } from "../runners/process/fenced-node.js";
import { OpenerAnswer, type OpenerRequest } from "./opener/messages.js";

/** Messages to and from a process. */
export interface Channel {
  send(request: OpenerRequest): void;
  /** The next message; throws {@link Failed} when the process has ended, or was ended because it said what no inspector says. */
  next(): Promise<OpenerAnswer>;
  isClosed(): boolean;
}

/** The channel of a process that was started. */
export function createChannel({
  process: child,
  kill,
  describeEnd,
}: Pick<FencedNode, "process" | "kill" | "describeEnd">): Channel {
  const waiting: OpenerAnswer[] = [];
  let waiter: { resolve(answer: OpenerAnswer): void; reject(error: unknown): void } | undefined;
  let failure: Failed | undefined;

  const fail = (how: string) => {
    failure ??= new Failed(describeEnd(how));
    waiter?.reject(failure);
    waiter = undefined;
  };
  child.on("message", (said: unknown) => {
    const { data: answer } = OpenerAnswer.safeParse(said);
    if (answer === undefined || waiting.length > 0) {
      kill();
      return fail("it said what no inspector says");
    }
    if (waiter === undefined) waiting.push(answer);
    waiter?.resolve(answer);
    waiter = undefined;
  });
  child.once("error", (error) => fail(error.message));
  child.once("close", (code, signal) => fail(signal ?? `exit status ${code}`));
  return {
    // A channel that is closed is told of by the end of the process.
    send: (request) => void child.send(request, () => undefined),
    next() {
      const answer = waiting.shift();
      if (answer !== undefined) return Promise.resolve(answer);
      if (failure !== undefined) return Promise.reject(failure);
      return new Promise((resolve, reject) => (waiter = { resolve, reject }));
    },
    isClosed: () => failure !== undefined,
  };
}
