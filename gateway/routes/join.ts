/** How hosts join over HTTP, and how agents renew and leave. No API key is needed: a token's secret or the agent's key is the proof. */

import type { Readable } from "node:stream";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import { JOIN_ERRORS, JoinError } from "../../schema/join-errors.js";
import {
  AgentRequest,
  AgentVerb,
  AUTHORITY_PATH,
  JOIN_PATH,
  JoinRequest,
  type AuthorityAnswer,
  type JoinRefusal,
} from "../../schema/join-messages.js";
import { GatewayError } from "../errors.js";
import { withinTime } from "../http/body-time.js";
import { sendError } from "../http/http-error.js";
import { OPEN_ROUTE } from "../http/open-route.js";
import { readAuthority } from "../join/bus-access.js";
import { leaveAgent, renewAgent } from "../join/agent-requests.js";
import { joinAgent } from "../join/join-agent.js";
import { createAddressRates } from "../keys/address-rates.js";
import type { ScanContext } from "../scan/context.js";
import { joinFileRoutes } from "./join-files.js";

const BODY_BYTES = 16 * 1024;
/** Requests per second from one address, enough for twenty hosts behind it at once. */
const RATE = 40;

export async function joinRoutes(app: FastifyInstance, ctx: ScanContext): Promise<void> {
  const rates = createAddressRates(RATE);
  const route = { ...OPEN_ROUTE, bodyLimit: BODY_BYTES };
  app.addContentTypeParser("application/json", { parseAs: "string" }, app.getDefaultJsonParser("ignore", "ignore"));
  app.addHook("preParsing", async (_request, _reply, payload) => withinTime(payload as Readable));
  app.addHook("preHandler", async ({ ip }) => rates.admit(ip));
  app.setErrorHandler(sendJoinError);

  app.get(AUTHORITY_PATH, OPEN_ROUTE, async () => {
    const authority = await readAuthority(ctx.config);
    if (authority === undefined) throw new GatewayError("NOT_FOUND", "this mesh has no authority of its own");
    return { v: 1, authority } satisfies z.infer<typeof AuthorityAnswer>;
  });
  app.post(JOIN_PATH, route, async ({ body, caller }) => joinAgent(ctx, caller, parse(JoinRequest, body)));
  app.post(`${JOIN_PATH}/${AgentVerb.renew}`, route, async ({ body }) => renewAgent(ctx, parseAgent(AgentVerb.renew, body)));
  app.post(`${JOIN_PATH}/${AgentVerb.leave}`, route, async ({ body, caller }, reply) => {
    await leaveAgent(ctx, caller, parseAgent(AgentVerb.leave, body));
    return reply.status(204).send();
  });
  await joinFileRoutes(app, ctx);
}

function parse<T extends z.ZodType>(type: T, body: unknown): z.infer<T> {
  const { data, error } = type.safeParse(body);
  if (error) throw new GatewayError("BAD_INPUT", z.prettifyError(error));
  return data;
}

function parseAgent(verb: AgentVerb, body: unknown): AgentRequest {
  const request = parse(AgentRequest, body);
  if (request.verb !== verb) throw new GatewayError("BAD_INPUT", `verb: is ${request.verb}, and this path is for ${verb}`);
  return request;
}

function sendJoinError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (!(error instanceof JoinError)) return sendError(error, request, reply);
  const { code, message, detail } = error;
  const text = JOIN_ERRORS[code];
  request.log.info({ code, detail, address: request.ip }, "a host was not let in");
  const time = new Date().toISOString();
  const refusal: JoinRefusal = { error: message, code, ...(detail === undefined ? {} : { detail }), time };
  return reply.status("status" in text ? text.status : 400).send(refusal);
}
