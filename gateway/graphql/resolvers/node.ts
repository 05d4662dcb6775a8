import type { GraphQLResolveInfo } from "graphql";
import { Arg, Ctx, FieldResolver, ID, Info, Query, Resolver, Root } from "type-graphql";
import type { Presence } from "../../../schema/presence.js";
import type { DeliveryRecord, WebhookRecord } from "../../../schema/webhooks.js";
import type { BatchRecord, EngineRecord, BriefResult, SampleRecord, ScanRecord } from "../../../schema/reports.js";
import { Node } from "../../../schema/graphql/node.js";
import { may } from "../../caller.js";
import { readAuditEvent, type AuditRecord } from "../../db/audit.js";
import { readDelivery, readWebhook } from "../../db/webhooks.js";
import { badInput } from "../../errors.js";
import type { RequestContext } from "../context/request-context.js";
import { Needs } from "../context/scopes.js";

type NodeRecord =
  | ScanRecord
  | SampleRecord
  | EngineRecord
  | BatchRecord
  | Presence
  | BriefResult
  | WebhookRecord
  | DeliveryRecord
  | AuditRecord;

/** For each type with a global id: the key of its records, and how to find a record by it. */
const NODES: Record<string, { key: (record: NodeRecord) => number | string; find: Find }> = {
  Scan: { key: (record) => (record as ScanRecord).scanId, find: numbered((context) => context.loaders().scans) },
  Sample: { key: (record) => (record as SampleRecord).sampleId, find: numbered((context) => context.loaders().samples) },
  Engine: { key: (record) => (record as EngineRecord).engineId, find: numbered((context) => context.loaders().engines) },
  Batch: { key: (record) => (record as BatchRecord).batchId, find: numbered((context) => context.loaders().batches) },
  Agent: {
    key: (record) => (record as Presence).agent,
    find: async (key, { mesh }) => mesh.fleet.agents().find(({ agent }) => agent === key),
  },
  Result: {
    key: (record) => `${(record as BriefResult).scanId}:${(record as BriefResult).engine}`,
    async find(key, context) {
      const [scan = "", engine] = key.split(":", 2);
      const results = await byNumber(scan, (scanId) => context.loaders().results.load(scanId));
      return results?.find((result) => result.engine === engine);
    },
  },
  Webhook: {
    key: (record) => (record as WebhookRecord).webhookId,
    find: forAdmins((webhookId, { mesh }) => readWebhook(mesh.db, webhookId)),
  },
  WebhookDelivery: {
    key: (record) => (record as DeliveryRecord).deliveryId,
    find: forAdmins((deliveryId, { mesh }) => readDelivery(mesh.db, deliveryId)),
  },
  AuditEvent: {
    key: (record) => (record as AuditRecord).id,
    find: forAdmins((id, { mesh }) => readAuditEvent(mesh.db, id)),
  },
};

type Find = (key: string, context: RequestContext) => Promise<NodeRecord | null | undefined>;

/** The most global ids in one request. */
const MAX_IDS = 100;

@Resolver(() => Node)
export class NodeResolver {
  @Needs("scan:read")
  @Query(() => Node, { nullable: true, description: "The object with this global id, or null." })
  node(
    @Arg("id", () => ID, { description: "The `id` of any object." }) id: string,
    @Ctx() context: RequestContext,
  ): Promise<NodeRecord | null> {
    return findNode(id, context);
  }

  @Needs("scan:read")
  @Query(() => [Node], {
    nullable: "items",
    description: "The objects with these global ids, in their order; null for those that are not there.",
    complexity: ({ args, childComplexity }) => 1 + (args.ids as readonly string[]).length * childComplexity,
  })
  nodes(
    @Arg("ids", () => [ID], { description: "The `id` of any objects; 100 at most." }) ids: string[],
    @Ctx() context: RequestContext,
  ): Promise<(NodeRecord | null)[]> {
    if (ids.length > MAX_IDS) throw badInput("ids", `has ${ids.length} entries; ${MAX_IDS} is the most`);
    return Promise.all(ids.map((id) => findNode(id, context)));
  }

  @FieldResolver(() => ID)
  id(@Root() record: NodeRecord, @Info() { parentType }: GraphQLResolveInfo): string {
    return Buffer.from(`${parentType.name}:${NODES[parentType.name]?.key(record)}`).toString("base64url");
  }
}

/** Ids are opaque, so a malformed id is treated like that of a deleted object. */
async function findNode(id: string, context: RequestContext): Promise<NodeRecord | null> {
  const [, __typename = "", key = ""] = /^(\w+):(.+)$/s.exec(Buffer.from(id, "base64url").toString()) ?? [];
  const found = Object.hasOwn(NODES, __typename) ? await NODES[__typename]?.find(key, context) : undefined;
  return found ? Object.assign({ __typename }, found) : null;
}

function numbered(loader: (context: RequestContext) => { load(key: number): Promise<NodeRecord | null> }): Find {
  return (key, context) => byNumber(key, (number) => loader(context).load(number));
}

/** To callers without `admin` these objects do not exist, as in the lists that they cannot read. */
function forAdmins(read: (key: number, context: RequestContext) => Promise<NodeRecord | undefined>): Find {
  return async (key, context) => (may(context.caller, "admin") ? byNumber(key, (number) => read(number, context)) : null);
}

async function byNumber<T>(key: string, read: (number: number) => Promise<T>): Promise<T | null> {
  const number = /^[1-9]\d{0,15}$/.test(key) ? Number(key) : NaN;
  return Number.isSafeInteger(number) ? read(number) : null;
}
