import { lookup, type LookupAddress } from "node:dns";
import { request as requestHttp, type RequestOptions } from "node:http";
import { request as requestHttps } from "node:https";
import { isIP, type LookupFunction } from "node:net";
import ipaddr from "ipaddr.js";
import { timeLimit } from "../../schema/time-limit.js";

/** An address range such as `10.0.0.0/8`. */
export type Network = string;

/** The receiver is, or resolves to, an address that webhooks may not reach. */
export class ForbiddenAddress extends Error {
  override readonly name = "ForbiddenAddress";
}

const TIMEOUT_MS = 10_000;
const NO_ANSWER = `no answer within ${TIMEOUT_MS / 1000} s`;
/** How much of a response is read. Only its status is used. */
const ANSWER_BYTES = 64 * 1024;

/** Whether webhooks may be sent to an address: a public one, or one in the networks that the operator allows. */
export function isAllowed(address: string, networks: readonly Network[]): boolean {
  const parsed = ipaddr.process(inGroups(address));
  if (isPublic(parsed)) return true;
  return networks.some((network) => {
    const [range, bits] = ipaddr.parseCIDR(network);
    return range.kind() === parsed.kind() && parsed.match(range, bits);
  });
}

/** An IPv6 address without dots, because the library reads ::8.8.8.8 as ::ffff:8.8.8.8, a different address. */
function inGroups(address: string): string {
  return address.includes(".") && URL.canParse(`http://[${address}]`)
    ? new URL(`http://[${address}]`).hostname.slice(1, -1)
    : address;
}

/** IPv6 addresses are public only within 2000::/3: others are deprecated or embed an IPv4 address, like ::7f00:1. */
function isPublic(address: ipaddr.IPv4 | ipaddr.IPv6): boolean {
  return address.range() === "unicast" && (address.kind() === "ipv4" || address.match(ipaddr.parseCIDR("2000::/3")));
}

/** Throws {@link ForbiddenAddress} if a host is, or now resolves to, only forbidden addresses; also throws the resolver's errors. */
export async function checkHost(hostname: string, networks: readonly Network[]): Promise<void> {
  const literal = literalOf(hostname);
  if (literal !== undefined) return assertAllowed(literal, networks);
  await new Promise<void>((resolve, reject) =>
    safeLookup(networks)(hostname, { all: true }, (error) => (error ? reject(error) : resolve())),
  );
}

function literalOf(hostname: string): string | undefined {
  const bare = hostname.replace(/^\[|\]$/g, "");
  return isIP(bare) ? bare : undefined;
}

function assertAllowed(address: string, networks: readonly Network[]): void {
  if (!isAllowed(address, networks)) throw forbidden(address);
}

function forbidden(address: string): ForbiddenAddress {
  return new ForbiddenAddress(`${address} is no public address; SCANMESH_WEBHOOK_NETWORKS lists others that are allowed`);
}

/**
 * Resolves a name to its allowed addresses. The connection uses the address that was checked, so the name cannot be pointed elsewhere in
 * between.
 */
function safeLookup(networks: readonly Network[]): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, "");
      const allowed = addresses.filter(({ address }) => isAllowed(address, networks));
      const [first] = allowed;
      if (!first) return callback(forbidden((addresses[0] as LookupAddress).address), "");
      if (options.all) return callback(null, allowed);
      callback(null, first.address, first.family);
    });
  };
}

/** A request to a receiver. */
export interface WebhookRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly networks: readonly Network[];
  readonly signal: AbortSignal;
}

/** A receiver's response. */
export interface WebhookAnswer {
  readonly status: number;
  /** Its `Retry-After` header. */
  readonly retryAfter: string | undefined;
}

/** Posts to a receiver and returns its response. Redirects are not followed. Throws if there is no response within 10 s. */
export async function postWebhook({ url, headers, body, networks, signal }: WebhookRequest): Promise<WebhookAnswer> {
  const target = new URL(url);
  const literal = literalOf(target.hostname);
  if (literal !== undefined) assertAllowed(literal, networks);
  const limit = timeLimit(TIMEOUT_MS, signal);
  const options: RequestOptions = {
    method: "POST",
    headers: { ...headers, "content-length": Buffer.byteLength(body) },
    lookup: safeLookup(networks),
    agent: false,
    signal: limit.signal,
  };
  return new Promise((resolve, reject) => {
    const send = target.protocol === "https:" ? requestHttps : requestHttp;
    const outgoing = send(target, options, (answer) => {
      resolve({ status: answer.statusCode ?? 0, retryAfter: answer.headers["retry-after"] });
      let bytes = 0;
      answer.on("data", (part: Buffer) => {
        bytes += part.length;
        if (bytes > ANSWER_BYTES) answer.destroy();
      });
      // Only the status matters, not how the rest of the response ends.
      answer.on("error", () => answer.destroy());
    });
    outgoing.on("error", (error) => reject(limit.isOver() ? new Error(NO_ANSWER, { cause: error }) : error));
    // The time limit also covers a response that never ends.
    outgoing.on("close", limit.clear);
    outgoing.end(body);
  });
}
