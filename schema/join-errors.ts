/** Why a host cannot join or an agent cannot renew: one code and one sentence each, for the command, the doctor, the page and the gateway. */

import { OperatorError } from "./operator-error.js";

/** How an error is told. */
interface JoinErrorText {
  /** The HTTP status of a gateway's answer; left out for what only the host finds out. */
  readonly status?: number;
  /** What happened and what to do. */
  readonly sentence: string;
}

/** Every code with its sentence. */
export const JOIN_ERRORS = {
  NO_TOKEN: { sentence: "This is not a join token, which begins with smj1_: copy the whole line that the mesh printed." },
  TOKEN_INCOMPLETE: {
    sentence: "Characters of the join token are missing or changed: copy the whole line that the mesh printed.",
  },
  TOKEN_UNKNOWN: {
    status: 401,
    sentence: "The mesh does not know this join token: it is of another mesh, or ended long ago. Make a new one there.",
  },
  TOKEN_EXPIRED: { status: 401, sentence: "The join token has expired: make a new one." },
  TOKEN_USED_UP: { status: 401, sentence: "As many agents as the join token allows have joined by it: make a new one." },
  TOKEN_REVOKED: { status: 401, sentence: "The join token was revoked: make a new one." },
  TOKEN_OF_OTHER_CLASS: {
    status: 403,
    sentence: "The join token is for agents of the other internet class: make one of this class, or leave SCANMESH_CLASS out.",
  },
  NAME_NOT_ALLOWED: {
    status: 403,
    sentence: "The join token does not allow this agent's name: set SCANMESH_AGENT_ID to a name that it allows.",
  },
  AGENT_WAITING: {
    status: 409,
    sentence:
      "An agent of this name has joined with another key: accept the new key with acceptAgent or npm run hosts -- accept, or set " +
      "SCANMESH_AGENT_ID to another name.",
  },
  AGENT_REVOKED: {
    status: 403,
    sentence: "This agent was revoked: join again with a new token, after npm run agent -- leave.",
  },
  AGENT_UNKNOWN: { status: 404, sentence: "The mesh does not know this agent any more: join again with a new token." },
  PROOF_WRONG: {
    status: 401,
    sentence: "The request does not prove what it says: something on the way has changed it.",
  },
  GATEWAY_UNPROVEN: {
    sentence:
      "What answers at the gateway's address does not know this join token: it is another mesh, or something between that answers for it.",
  },
  AUTHORITY_UNKNOWN: {
    sentence:
      "The gateway's certificate is of no authority that this host knows: name the authority's file in NODE_EXTRA_CA_CERTS, or make a " +
      "token with the address of a gateway that has a known one.",
  },
  ADDRESS_NOT_CERTIFIED: {
    sentence:
      "The gateway's certificate is of the mesh, but not for this address: name the address in SCANMESH_TLS_NAMES where the mesh runs, or " +
      "make a token with an address that the certificate is for.",
  },
  CLOCK_OFF: {
    status: 403,
    sentence: "The clocks of this host and of the gateway differ by more than a minute: set the wrong one, best by NTP.",
  },
  GATEWAY_UNREACHABLE: {
    sentence:
      "Nothing answers at the gateway's address: is it right, does the gateway run, and does a firewall let the port through?",
  },
  PLAIN_HTTP: { sentence: "The gateway's address is http://, but TLS is spoken there: make a token with the https:// address." },
  NO_TLS: { sentence: "The gateway's address is https://, but no TLS is spoken there: make a token with the http:// address." },
  NOT_A_GATEWAY: { sentence: "What answers at the gateway's address is not a ScanMesh gateway that hosts can join." },
  BUS_UNREACHABLE: {
    sentence:
      "The gateway answers, but nothing listens at the addresses of NATS that it names: is their port open, and is " +
      "SCANMESH_AGENT_NATS_URL of the gateway right?",
  },
  VERSION_UNSUPPORTED: {
    status: 403,
    sentence: "The agent's version is more than one release away from the gateway's: install the gateway's version on this host.",
  },
  KEY_IN_USE: {
    status: 409,
    sentence: "Another agent runs with this key: its data folder was copied. Remove the copy, and join with a token of its own.",
  },
  DOCKER_MISSING: {
    sentence:
      "No Docker daemon answers on this host, and an engine that is on runs in a container: install and start Docker, or turn the engine off.",
  },
  DOCKER_DENIED: {
    sentence: "This user may not use the Docker daemon: add it to the socket's group, or run the command as root.",
  },
  DISK_TOO_SMALL: { sentence: "Less than 2 GiB are free where the agent keeps its samples: free some, or set SCANMESH_SPOOL." },
  MEMORY_TOO_SMALL: { sentence: "The host has too little memory: 1 GiB are needed, and 3 GiB with ClamAV." },
  NOT_SET_UP: {
    status: 503,
    sentence: "The gateway cannot give agents keys of their own: it lacks the signing keys, which npm run keys makes.",
  },
} as const satisfies Readonly<Record<string, JoinErrorText>>;

/** One of the codes. */
export type JoinErrorCode = keyof typeof JOIN_ERRORS;

/** A join or a renewal that was refused, or did not get through. `detail` is shown with the sentence. */
export class JoinError extends OperatorError {
  override readonly name = "JoinError";
  constructor(
    readonly code: JoinErrorCode,
    readonly detail?: string,
    options?: { readonly cause?: unknown },
  ) {
    super(joinSentence(code, detail), options);
  }
}

/** The sentence of a code, with what it is about. */
export function joinSentence(code: JoinErrorCode, detail?: string): string {
  const { sentence } = JOIN_ERRORS[code];
  return detail === undefined ? sentence : `${sentence} (${detail})`;
}

/** Whether a text is one of the codes. */
export function isJoinErrorCode(code: unknown): code is JoinErrorCode {
  return typeof code === "string" && Object.hasOwn(JOIN_ERRORS, code);
}
