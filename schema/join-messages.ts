/** What a host and a gateway say to each other over HTTP when the host joins, renews or leaves. */

import { z } from "zod";
import { InternetClass } from "./classes.js";
import { agentId, instant, told, v } from "./message-fields.js";

/** The path of the routes. */
export const JOIN_PATH = "/join";
/** By how much the two clocks may differ. */
export const CLOCK_TOLERANCE_MS = 60_000;
/** Bytes of a nonce. */
export const NONCE_BYTES = 16;

const bytes = (count: number) => z.string().regex(new RegExp(`^[\\w-]{${Math.ceil((count * 4) / 3)}}$`));
const nonce = bytes(NONCE_BYTES);
const proof = bytes(32);
/** The public key of an agent's own nkey. */
export const userKey = z.string().regex(/^U[A-Z2-7]{55}$/);

/** `GET` of this path tells which authority is to be expected. Nobody has proven it yet: the answer to a join does. */
export const AUTHORITY_PATH = "/join/authority";
const authority = z.string().max(65_536);
/** The answer to {@link AUTHORITY_PATH}. */
export const AuthorityAnswer = z.object({ v, authority });

/** `POST /join`: a host asks to become an agent. */
export const JoinRequest = z.object({
  v,
  /** The token's id. */
  token: z.string().regex(/^[0-9a-f]{16}$/),
  nonce,
  /** The host's clock. */
  time: instant,
  publicKey: userKey,
  /** The agent's name; null: made of the host's and the class. */
  agent: agentId.nullable(),
  /** Null: the token's. */
  class: z.enum(InternetClass).nullable(),
  host: told(255),
  version: told(50),
  /** Proves that the host has the token's secret. */
  proof,
});
/** What {@link JoinRequest} parses. */
export type JoinRequest = z.infer<typeof JoinRequest>;

/** The answer to a host that has joined. */
export const JoinAnswer = z.object({
  v,
  nonce,
  agent: agentId,
  class: z.enum(InternetClass),
  /** Addresses of NATS. */
  servers: z.array(z.string().max(300)).min(1).max(20),
  /** Authorities (PEM) that may have signed the certificates of gateways and of NATS; none: those that hosts know. */
  authority: authority.optional(),
  /** The agent's user JWT, of no use without its key. */
  jwt: z.string().max(16_384),
  /** Proves that the gateway knows the token, and that nobody has changed the answer. */
  proof,
});
/** What {@link JoinAnswer} parses. */
export type JoinAnswer = z.infer<typeof JoinAnswer>;

/** What an agent may ask for with its own key alone. */
export const AgentVerb = { renew: "renew", leave: "leave" } as const;
/** One of the names of {@link AgentVerb}. */
export type AgentVerb = keyof typeof AgentVerb;

/** `POST /join/renew` and `POST /join/leave`: signed by the agent's key. */
export const AgentRequest = z.object({
  v,
  verb: z.enum(AgentVerb),
  publicKey: userKey,
  nonce,
  /** The agent's clock, or what a gateway has said its own is. */
  time: instant,
  version: told(50),
  /** Of everything above, base64url. */
  signature: bytes(64),
});
/** What {@link AgentRequest} parses. */
export type AgentRequest = z.infer<typeof AgentRequest>;

/** The answer to a renewal. */
export const RenewAnswer = JoinAnswer.omit({ nonce: true, proof: true }).extend({
  /** Of everything above and the request's nonce, by the key that has signed the user; gateways up to 1.0 send none. */
  signature: bytes(64).optional(),
});
/** What {@link RenewAnswer} parses. */
export type RenewAnswer = z.infer<typeof RenewAnswer>;

/** The answer to what is refused. */
export const JoinRefusal = z.object({
  error: z.string(),
  code: z.string(),
  detail: z.string().optional(),
  /** The gateway's clock. */
  time: instant,
});
/** What {@link JoinRefusal} parses. */
export type JoinRefusal = z.infer<typeof JoinRefusal>;

/**
 * The state of an agent's key in the mesh. A waiting one has a name that another key already has, and must be accepted; a revoked one is
 * refused everywhere.
 */
export const AgentKeyState = { WAITING: "WAITING", JOINED: "JOINED", REVOKED: "REVOKED" } as const;
/** One of the names of {@link AgentKeyState}. */
export type AgentKeyState = keyof typeof AgentKeyState;
