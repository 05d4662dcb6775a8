import "reflect-metadata";
import { lexicographicSortSchema, printSchema, type GraphQLField, type GraphQLSchema } from "graphql";
import { buildSchemaSync, type PubSub } from "type-graphql";
import { scopeOf } from "./context/scopes.js";
import { AgentEngineResolver, AgentResolver } from "./resolvers/agent.js";
import { AgentKeyResolver } from "./resolvers/agent-key.js";
import { AgentSettingsResolver } from "./resolvers/agent-settings.js";
import { ApiKeyResolver } from "./resolvers/api-key.js";
import { AuditEventConnectionResolver, AuditEventResolver } from "./resolvers/audit-event.js";
import { BatchResolver, SubmitScansSuccessResolver } from "./resolvers/batch.js";
import { BundleResolver } from "./resolvers/bundle.js";
import { DownloadResolver } from "./resolvers/download.js";
import { EngineAnswersResolver, EngineStatisticsResolver } from "./resolvers/engine-statistics.js";
import { EngineResolver } from "./resolvers/engine.js";
import { JoinRefusalResolver, JoinTokenResolver } from "./resolvers/join-token.js";
import { NodeResolver } from "./resolvers/node.js";
import { QueueResolver } from "./resolvers/queue.js";
import { RollingRestartResolver } from "./resolvers/rolling-restart.js";
import { ResultResolver } from "./resolvers/result.js";
import { SampleConnectionResolver } from "./resolvers/sample-connection.js";
import { SampleResolver } from "./resolvers/sample.js";
import { ScanConnectionResolver } from "./resolvers/scan-connection.js";
import { ScanFeedResolver } from "./resolvers/scan-feed.js";
import { ScanPlanResolver } from "./resolvers/scan-plan.js";
import { ScanMutationsResolver, SubmitScanSuccessResolver } from "./resolvers/scan-mutations.js";
import { ScanResolver } from "./resolvers/scan.js";
import { RulesetResolver, RulesetVersionResolver } from "./resolvers/ruleset.js";
import { SearchResolver } from "./resolvers/search.js";
import { StatisticsPointResolver } from "./resolvers/statistics-point.js";
import { StatisticsResolver } from "./resolvers/statistics.js";
import { UpdateRescanResolver } from "./resolvers/update-rescans.js";
import { VerdictFlipResolver } from "./resolvers/verdict-flip.js";
import { SuppressionResolver } from "./resolvers/suppression.js";
import { ReadinessResolver, SystemResolver } from "./resolvers/system.js";
import { EngineUpdateResolver } from "./resolvers/engine-update.js";
import { UpdateSetResolver, UpdatePolicyResolver } from "./resolvers/update-set.js";
import { UploadResolver } from "./resolvers/upload.js";
import { ViewerResolver } from "./resolvers/viewer.js";
import { WebhookResolver } from "./resolvers/webhook.js";

/** Every subscription has its own iterator, but type-graphql requires a PubSub. */
const noPubSub: PubSub = {
  publish() {
    throw new Error("nothing is published through GraphQL");
  },
  subscribe() {
    throw new Error("a subscription has no iterator of its own");
  },
};

/** type-graphql creates these three types itself. */
const ROOTS = {
  Query: "Everything that can be read.",
  Mutation: "Each mutation answers with its success, or with an error that the caller can act on.",
  Subscription: "Each subscription sends the current state, then each change.",
};

let built: GraphQLSchema | undefined;

/** The schema, built once per process: building it takes a fifth of a second of CPU time. */
export const createSchema = (): GraphQLSchema => (built ??= build());

function build(): GraphQLSchema {
  const schema = buildSchemaSync({
    resolvers: [
      NodeResolver,
      AgentEngineResolver,
      AgentResolver,
      AgentKeyResolver,
      AgentSettingsResolver,
      RollingRestartResolver,
      ApiKeyResolver,
      AuditEventResolver,
      AuditEventConnectionResolver,
      BatchResolver,
      BundleResolver,
      DownloadResolver,
      EngineResolver,
      EngineAnswersResolver,
      EngineStatisticsResolver,
      JoinRefusalResolver,
      JoinTokenResolver,
      QueueResolver,
      ResultResolver,
      RulesetResolver,
      RulesetVersionResolver,
      SampleConnectionResolver,
      SampleResolver,
      ScanConnectionResolver,
      ScanFeedResolver,
      ScanPlanResolver,
      ScanResolver,
      ScanMutationsResolver,
      SearchResolver,
      StatisticsPointResolver,
      StatisticsResolver,
      SubmitScanSuccessResolver,
      SubmitScansSuccessResolver,
      SuppressionResolver,
      UpdateRescanResolver,
      VerdictFlipResolver,
      SystemResolver,
      ReadinessResolver,
      EngineUpdateResolver,
      UpdateSetResolver,
      UpdatePolicyResolver,
      UploadResolver,
      ViewerResolver,
      WebhookResolver,
    ],
    pubSub: noPubSub,
    validate: false,
  });
  Object.assign(schema.getType("DateTimeISO") ?? {}, { specifiedByURL: "https://www.rfc-editor.org/rfc/rfc3339#section-5.6" });
  for (const [name, description] of Object.entries(ROOTS)) Object.assign(schema.getType(name) ?? {}, { description });
  for (const field of rootFieldsOf(schema)) {
    const need = scopeOf(field.extensions);
    field.description = `${field.description} ${need === "key" ? "Any API key may ask it." : `Needs \`${need}\`.`}`;
  }
  return schema;
}

function rootFieldsOf(schema: GraphQLSchema): GraphQLField<unknown, unknown>[] {
  const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];
  return roots.flatMap((root) => Object.values(root?.getFields() ?? {}));
}

/** The schema as a document, in a stable order. */
export function schemaDocument(schema: GraphQLSchema): string {
  return `${printSchema(lexicographicSortSchema(schema))}\n`;
}
