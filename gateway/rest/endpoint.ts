import type { FastifyReply, FastifyRequest } from "fastify";
import type { z } from "zod";
import type { Scope } from "../../schema/scopes.js";
import type { ScanContext } from "../scan/context.js";

/** One endpoint: its description for clients, and how it translates a request into a verb and the result into a response. */
export interface Endpoint {
  readonly operation: Operation;
  /** The scope that the caller's key must have. */
  readonly needs: Scope;
  handle(ctx: ScanContext, request: FastifyRequest, reply: FastifyReply): Promise<unknown>;
}

/** The description of an endpoint for the OpenAPI document. Its schemas do not validate; `handle` does. */
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
  /** Other possible statuses and when they occur. */
  readonly errors?: Readonly<Record<number, string>>;
}
