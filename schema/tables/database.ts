/** The database as Kysely knows it. `npm run check` compares it with a migrated database. */

import type { AgentAccountsTable } from "./agent-accounts.js";
import type { ApiKeysTable, ApiKeyUsageTable } from "./api-keys.js";
import type { AuditEventsTable } from "./audit-events.js";
import type { GatewaysTable, OutboxTable, RemovalsTable, SealingTable, SweepMarksTable } from "./bus.js";
import type {
  BundleFilesTable,
  BundleKeysTable,
  BundlesTable,
  BundleRemovalsTable,
  BundleUploadFilesTable,
  BundleUploadsTable,
  EngineTargetsTable,
  EngineUpdateHostsTable,
  EngineUpdatesTable,
  FetchJobsTable,
  UpdatePoliciesTable,
} from "./bundles.js";
import type { DownloadsTable } from "./downloads.js";
import type {
  AgentsTable,
  EnginesTable,
  AgentOrdersTable,
  AgentSettingsTable,
  EngineHostsTable,
  RollingRestartsTable,
  EngineSetupsTable,
} from "./engines.js";
import type { ImportsTable, ImportedReportsTable } from "./imports.js";
import type { AgentKeysTable, JoinRefusalsTable, JoinsTable, JoinTokensTable } from "./joining.js";
import type {
  RulesetFilesTable,
  RulesetJobsTable,
  RulesetNumbersTable,
  RulesetTrySamplesTable,
  RulesetVersionsTable,
} from "./rulesets.js";
import type { SamplesTable, UploadsTable } from "./samples.js";
import type { ScansTable, ResultsTable, SlowResultsTable, BatchesTable, IdempotencyKeysTable } from "./scans.js";
import type {
  FinalMarksTable,
  UncountedScansTable,
  HourlyScansTable,
  HourlyEnginesTable,
  HourlyDurationsTable,
  HourlyWaitsTable,
  HourlySignaturesTable,
  HourlyTypesTable,
} from "./statistics.js";
import type { SuppressionsTable } from "./suppressions.js";
import type { UntoldScansTable, WebhooksTable, WebhookDeliveriesTable } from "./webhooks.js";
import type { VerdictChecksTable, VerdictFlipsTable, VerdictFollowsTable, VerdictRunsTable } from "./verdicts.js";

/** The row type of each table. */
export interface Tables {
  ruleset_versions: RulesetVersionsTable;
  ruleset_files: RulesetFilesTable;
  ruleset_numbers: RulesetNumbersTable;
  ruleset_jobs: RulesetJobsTable;
  ruleset_try_samples: RulesetTrySamplesTable;
  samples: SamplesTable;
  uploads: UploadsTable;
  downloads: DownloadsTable;
  scans: ScansTable;
  results: ResultsTable;
  slow_results: SlowResultsTable;
  batches: BatchesTable;
  idempotency_keys: IdempotencyKeysTable;
  engines: EnginesTable;
  agents: AgentsTable;
  agent_orders: AgentOrdersTable;
  agent_accounts: AgentAccountsTable;
  agent_settings: AgentSettingsTable;
  rolling_restarts: RollingRestartsTable;
  engine_hosts: EngineHostsTable;
  engine_setups: EngineSetupsTable;
  outbox: OutboxTable;
  gateways: GatewaysTable;
  removals: RemovalsTable;
  sealing: SealingTable;
  sweep_marks: SweepMarksTable;
  imports: ImportsTable;
  imported_reports: ImportedReportsTable;
  api_keys: ApiKeysTable;
  api_key_usage: ApiKeyUsageTable;
  audit_events: AuditEventsTable;
  suppressions: SuppressionsTable;
  bundles: BundlesTable;
  bundle_uploads: BundleUploadsTable;
  bundle_upload_files: BundleUploadFilesTable;
  bundle_removals: BundleRemovalsTable;
  bundle_keys: BundleKeysTable;
  bundle_files: BundleFilesTable;
  engine_targets: EngineTargetsTable;
  update_policies: UpdatePoliciesTable;
  fetch_jobs: FetchJobsTable;
  engine_updates: EngineUpdatesTable;
  engine_update_hosts: EngineUpdateHostsTable;
  join_tokens: JoinTokensTable;
  joins: JoinsTable;
  join_refusals: JoinRefusalsTable;
  agent_keys: AgentKeysTable;
  final_marks: FinalMarksTable;
  uncounted_scans: UncountedScansTable;
  hourly_scans: HourlyScansTable;
  hourly_engines: HourlyEnginesTable;
  hourly_durations: HourlyDurationsTable;
  hourly_waits: HourlyWaitsTable;
  hourly_signatures: HourlySignaturesTable;
  hourly_types: HourlyTypesTable;
  webhooks: WebhooksTable;
  untold_scans: UntoldScansTable;
  webhook_deliveries: WebhookDeliveriesTable;
  verdict_follows: VerdictFollowsTable;
  verdict_runs: VerdictRunsTable;
  verdict_checks: VerdictChecksTable;
  verdict_flips: VerdictFlipsTable;
}
