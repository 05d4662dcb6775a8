/** Rulesets at a gateway: what the command line asks of it. */

import { BUNDLES_PATH } from "../schema/bundle-upload.js";
import { OperatorError } from "../schema/operator-error.js";
import type { RuleJobState, RuleMistake, RulesetState, TryOutcome } from "../schema/rule-job.js";
import { createAsk } from "./graphql-http.js";
import { createPatience } from "./retry-after.js";
import { PACE } from "./watch-transports.js";

export interface ListedJob {
  readonly state: RuleJobState;
  readonly reason: string | null;
  readonly agent: string | null;
  readonly done: number;
  readonly total: number;
  readonly matched: number;
  readonly unfinished: number;
  readonly gone: number;
}

export interface ListedVersion {
  readonly id: string;
  readonly engine: string;
  readonly name: string;
  readonly number: number;
  readonly comment: string;
  readonly state: RulesetState;
  readonly rules: number | null;
  readonly createdAt: string;
  readonly createdBy: string | null;
  readonly check: ListedJob | null;
  readonly tried: ListedJob | null;
}

export interface ListedRuleset {
  readonly engine: string;
  readonly name: string;
  readonly serves: number | null;
  readonly update: { readonly state: string; readonly toBundle: { readonly version: string | null } | null } | null;
  readonly versions: readonly ListedVersion[];
}

/** A sample of a try that matched, or did not finish. */
export interface ListedSample {
  readonly sha256: string;
  readonly name: string | null;
  readonly outcome: TryOutcome;
  readonly rules: readonly string[];
  readonly reason: string | null;
}

/** A version with what its check found. */
export interface CheckedVersion extends ListedVersion {
  readonly mistakes: readonly RuleMistake[];
  readonly mistakesOmitted: number;
}

/** What is told of a version by the mutations that take one. */
export type VersionMutation = "tryRuleset" | "cancelRuleset" | "checkRuleset" | "deleteRuleset";

export interface RulesetGateway {
  list(): Promise<ListedRuleset[]>;
  /** Throws {@link OperatorError} if it was deleted. */
  version(id: string): Promise<CheckedVersion>;
  /** Path to which the files of a version are sent. */
  open(input: { engine: string; name: string; comment: string }): Promise<string>;
  change(mutation: VersionMutation, id: string, last?: number): Promise<ListedVersion>;
  enable(id: string, skipCanary: boolean): Promise<void>;
  rollback(engine: string, name: string): Promise<void>;
  samples(id: string, outcomes: readonly TryOutcome[]): Promise<ListedSample[]>;
}

const JOB = "{ state reason agent done total matched unfinished gone }";
const VERSION = `id engine name number comment state rules createdAt createdBy check ${JOB} tried ${JOB}`;
const PAGE = `query ($id: ID!, $outcomes: [TryOutcome!]!, $after: String) { rulesetVersion(id: $id) {
  triedSamples(first: 100, outcomes: $outcomes, after: $after) {
    nodes { sha256 name outcome rules reason } pageInfo { hasNextPage endCursor } } } }`;

interface Page {
  readonly nodes: readonly ListedSample[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
}

export function createRulesetGateway(
  url: string,
  apiKey: string | undefined,
  tell: (line: string) => void,
  signal: AbortSignal,
): RulesetGateway {
  const ask = createAsk(url, apiKey, createPatience(tell), PACE.answerMs);

  /** The success of a mutation. Throws {@link OperatorError} with what the gateway says. */
  async function mutate<T>(head: string, call: string, success: string, variables: object): Promise<T> {
    const mutation = `mutation ${head} { result: ${call} { __typename ${success} ... on UserError { message } } }`;
    const { result } = await ask<{ result: T | { message: string } }>(mutation, variables, signal);
    if (typeof result === "object" && result !== null && "message" in result) throw new OperatorError(result.message);
    return result;
  }

  async function readVersion<T>(query: string, variables: object): Promise<T> {
    const { rulesetVersion } = await ask<{ rulesetVersion: T | null }>(query, variables, signal);
    if (rulesetVersion === null) throw new OperatorError("This version was deleted meanwhile.");
    return rulesetVersion;
  }

  return {
    async list() {
      const query = `{ rulesets { engine name serves update { state toBundle { version } } versions { ${VERSION} } } }`;
      return (await ask<{ rulesets: ListedRuleset[] }>(query, {}, signal)).rulesets;
    },
    version: (id) =>
      readVersion(
        `query ($id: ID!) { rulesetVersion(id: $id) { ${VERSION} mistakes { path line message severity } mistakesOmitted } }`,
        { id },
      ),
    async open(input) {
      const { url: to } = await mutate<{ url: string }>(
        "($input: RulesetUploadInput!)",
        "createRulesetUpload(input: $input)",
        "... on RulesetUploadSuccess { url }",
        { input },
      );
      return `${BUNDLES_PATH}/${new URL(to).pathname.split("/").at(-1)}`;
    },
    async change(mutation, id, last) {
      const [head, args] = last === undefined ? ["", ""] : [", $last: Int!", ", last: $last"];
      const success = `... on RulesetSuccess { version { ${VERSION} } }`;
      const call = `${mutation}(id: $id${args})`;
      return (await mutate<{ version: ListedVersion }>(`($id: ID!${head})`, call, success, { id, last })).version;
    },
    async enable(id, skipCanary) {
      const call = "enableRuleset(id: $id, skipCanary: $skipCanary)";
      await mutate("($id: ID!, $skipCanary: Boolean!)", call, "", { id, skipCanary });
    },
    async rollback(engine, name) {
      await mutate("($engine: String!, $name: String!)", "rollbackEngine(engine: $engine, set: $name)", "", { engine, name });
    },
    async samples(id, outcomes) {
      const found: ListedSample[] = [];
      for (let after: string | null = null; ;) {
        const { triedSamples }: { triedSamples: Page } = await readVersion<{ triedSamples: Page }>(PAGE, { id, outcomes, after });
        found.push(...triedSamples.nodes);
        after = triedSamples.pageInfo.endCursor;
        if (!triedSamples.pageInfo.hasNextPage) return found;
      }
    },
  };
}
