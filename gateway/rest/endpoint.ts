import type { FastifyReply, FastifyRequest } from "fastify";
import type { z } from "zod";
import type { Scope } from "../../schema/scopes.js";
import type { ScanContext } from "../scan/context.js";

/** One endpoint: its description for callers, and how it translates a request to a verb and the result back. */
export interface Endpoint {
  readonly operation: Operation;
  /** The scope that a caller's key needs. */
  readonly needs: Scope;
  handle(ctx: ScanContext, request: FastifyRequest, reply: FastifyReply): Promise<unknown>;
}

/** The description of an endpoint in the OpenAPI document. Its schemas validate nothing: `handle` does. */
export interface Operation {
  readonly summary: string;
  readonly description?: string;
  readonly path?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly headers?: z.ZodObject;
  /** By Content-Type. */
  readonly body?: Readonly<Record<string, z.ZodType>>;
  /** The body of a 200, by Content-Type. */
  readonly answer: Readonly<Record<string, z.ZodType>>;
  /** Other statuses that it can have, and when. */
  readonly errors?: Readonly<Record<number, string>>;
}
