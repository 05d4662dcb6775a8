import { Failed } from "../contract.js";
import type { NodeProcess } from "../runners/process/node-process.js";
import { OpenerAnswer, type OpenerRequest } from "./opener/messages.js";

/** Messages to and from a process. */
export interface Channel {
  send(request: OpenerRequest, attached?: Uint8Array): void;
  /** The next message; throws {@link Failed} when the process has ended, or was ended because it said what no inspector says. */
  next(): Promise<OpenerAnswer>;
  isClosed(): boolean;
}

/** The channel of a process that was started. */
export function createChannel(node: Pick<NodeProcess, "send" | "onMessage" | "ended" | "describeEnd" | "kill">): Channel {
  const waiting: OpenerAnswer[] = [];
  let waiter: { resolve(answer: OpenerAnswer): void; reject(error: unknown): void } | undefined;
  let failure: Failed | undefined;

  const fail = (how: string) => {
    failure ??= new Failed(how);
    waiter?.reject(failure);
    waiter = undefined;
  };
  node.onMessage((said) => {
    const { data: answer } = OpenerAnswer.safeParse(said);
    if (answer === undefined || waiting.length > 0) {
      node.kill();
      return fail(node.describeEnd("it said what no inspector says"));
    }
    if (waiter === undefined) waiting.push(answer);
    waiter?.resolve(answer);
    waiter = undefined;
  });
  void node.ended.then(fail);
  return {
    send: node.send,
    next() {
      const answer = waiting.shift();
      if (answer !== undefined) return Promise.resolve(answer);
      if (failure !== undefined) return Promise.reject(failure);
      return new Promise((resolve, reject) => (waiter = { resolve, reject }));
    },
    isClosed: () => failure !== undefined,
  };
}
