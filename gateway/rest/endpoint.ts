import type { FastifyReply, FastifyRequest } from "fastify";
import type { ScanContext } from "../scan/context.js";

/** One endpoint: translates a request for a verb, and its answer back. */
export type Endpoint = (ctx: ScanContext, request: FastifyRequest, reply: FastifyReply) => Promise<unknown>;
