import "reflect-metadata";
import { lexicographicSortSchema, printSchema, type GraphQLField, type GraphQLSchema } from "graphql";
import { buildSchemaSync, type PubSub } from "type-graphql";
import { AgentResolver } from "./resolvers/agent.js";
import { ApiKeyResolver } from "./resolvers/api-key.js";
import { AuditResolver } from "./resolvers/audit-event.js";
import { BatchResolver, ScanReferencesResolver } from "./resolvers/batch.js";
import { EngineResolver } from "./resolvers/engine.js";
import { FleetUpdates } from "./resolvers/fleet-updates.js";
import { SampleConnectionResolver, ScanConnectionResolver } from "./inputs/list-counts.js";
import { NodeResolver } from "./resolvers/node.js";
import { FleetResolver } from "./resolvers/fleet-resolver.js";
import { RescanResolver } from "./resolvers/rescan-resolver.js";
import { PlanResolver } from "./resolvers/scan-plan.js";
import { ResultResolver } from "./resolvers/result.js";
import { QueueResolver } from "./resolvers/queue.js";
import { SampleDownload } from "./resolvers/sample-download.js";
import { SampleResolver } from "./resolvers/sample.js";
import { ScanFeed } from "./resolvers/scan-feed.js";
import { ScanResolver } from "./resolvers/scan.js";
import { ScanUpdates } from "./resolvers/scan-updates.js";
import { EngineStatisticsResolver, StatisticsPointResolver, StatisticsResolver } from "./resolvers/statistics.js";
import { SubmitResolver, SubmitScansResolver } from "./resolvers/submit-resolver.js";
import { scopeOf } from "./context/scopes.js";
import { SystemResolver } from "./resolvers/system.js";
import { WithdrawResolver } from "./resolvers/withdraw-resolver.js";
import { WebhookResolver } from "./resolvers/webhook.js";

/** Every subscription brings its own iterator; type-graphql wants one of these all the same. */
const noPubSub: PubSub = {
  publish() {
    throw new Error("nothing is published through GraphQL");
  },
  subscribe() {
    throw new Error("a subscription has no iterator of its own");
  },
};

/** type-graphql makes these three types by itself. */
const ROOTS = {
  Query: "What can be read.",
  Mutation: "What can be changed. Each answers with its success, or with an error that its caller can do something about.",
  Subscription: "What can be watched: what it is now, then each change.",
};

export function createSchema(): GraphQLSchema {
  const schema = buildSchemaSync({
    resolvers: [
      NodeResolver,
      ScanResolver,
      ScanConnectionResolver,
      SampleConnectionResolver,
      ResultResolver,
      SampleResolver,
      SampleDownload,
      EngineResolver,
      AgentResolver,
      ApiKeyResolver,
      AuditResolver,
      SubmitResolver,
      WithdrawResolver,
      RescanResolver,
      SubmitScansResolver,
      BatchResolver,
      ScanReferencesResolver,
      PlanResolver,
      FleetResolver,
      ScanUpdates,
      FleetUpdates,
      ScanFeed,
      QueueResolver,
      StatisticsResolver,
      StatisticsPointResolver,
      EngineStatisticsResolver,
      SystemResolver,
      WebhookResolver,
    ],
    pubSub: noPubSub,
    validate: false,
  });
  for (const [name, description] of Object.entries(ROOTS)) Object.assign(schema.getType(name) ?? {}, { description });
  for (const field of rootFieldsOf(schema)) field.description = `${field.description} Needs \`${scopeOf(field.extensions)}\`.`;
  return schema;
}

function rootFieldsOf(schema: GraphQLSchema): GraphQLField<unknown, unknown>[] {
  const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];
  return roots.flatMap((root) => Object.values(root?.getFields() ?? {}));
}

/** The schema as a document, always in the same order. */
export function schemaDocument(schema: GraphQLSchema): string {
  return `${printSchema(lexicographicSortSchema(schema))}\n`;
}
