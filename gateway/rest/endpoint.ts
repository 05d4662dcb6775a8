import type { FastifyReply, FastifyRequest } from "fastify";
import type { z } from "zod";
import type { Scope } from "../../schema/scopes.js";
import type { ScanContext } from "../scan/context.js";

/** One endpoint: what it is, for callers, and how it translates a request for a verb and its answer back. */
export interface Endpoint {
  readonly operation: Operation;
  /** What a caller's key must allow. */
  readonly needs: Scope;
  handle(ctx: ScanContext, request: FastifyRequest, reply: FastifyReply): Promise<unknown>;
}

/** What the OpenAPI document says of an endpoint. Schemas describe; what a parameter may be is decided by its reader. */
export interface Operation {
  readonly summary: string;
  readonly description?: string;
  readonly path?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly headers?: z.ZodObject;
  /** By Content-Type. */
  readonly body?: Readonly<Record<string, z.ZodType>>;
  /** What 200 carries, by Content-Type. */
  readonly answer: Readonly<Record<string, z.ZodType>>;
  /** Other statuses that it can have, and when. */
  readonly errors?: Readonly<Record<number, string>>;
}
