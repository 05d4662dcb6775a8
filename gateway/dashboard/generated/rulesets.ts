// Made by `npm run generate` from the .graphql file of the same name.

import type { TypedDocumentNode } from "urql";

/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
/** A new version of a ruleset. */
export type CreateRulesetInput = {
  /** What you say of it: 500 characters at most. */
  readonly comment?: string;
  /** The engine that the rules are for. */
  readonly engine?: string;
  /** All of its files. What is larger than a request may be is sent to the URL of `createRulesetUpload`. */
  readonly files: ReadonlyArray<RulesetFileInput>;
  /** The ruleset: 1 to 32 lower-case letters, digits or `-`. A new name is a new ruleset. */
  readonly name: string;
};

/** How far an update is. */
export type EngineUpdateState =
  /** One host serves the new bundle, and is held against the engine's own last seven days. */
  | 'CANARY'
  /** Another one took its place before it had begun, or while it was held. */
  | 'CANCELLED'
  /** All hosts that are there serve it. */
  | 'DONE'
  /** The first host differs from the days before: somebody has to decide. */
  | 'HELD'
  /** It waits for its window, for a resumption, or for its first host. */
  | 'PENDING'
  /** It was given up, because of `reason`: all hosts serve again what they served before. */
  | 'ROLLED_BACK'
  /** The other hosts follow, some at a time. */
  | 'ROLLING';

/** How far a check or a try of a ruleset is. */
export type RuleJobState =
  /** Somebody ended it. What came of it until then stays. */
  | 'CANCELLED'
  /** It is done. */
  | 'DONE'
  /** It did not come to its end: the reason says why. */
  | 'FAILED'
  /** A host does it. */
  | 'RUNNING'
  /** No host has it: the reason says why. */
  | 'WAITING';

/** Whether a mistake keeps a ruleset from being enabled. */
export type RuleSeverity =
  /** It does. */
  | 'ERROR'
  /** It does not, such as a pattern that is slow. */
  | 'WARNING';

/** A file of rules. */
export type RulesetFileInput = {
  /** Its path within the ruleset. Files that end in `.yar` or `.yara` hold rules; others are there to be included. */
  readonly path: string;
  /** What is in it. */
  readonly text: string;
};

/** Whether a version of a ruleset may be enabled. */
export type RulesetState =
  /** A host has not compiled it yet. */
  | 'CHECKING'
  /** It has mistakes: it cannot be enabled. */
  | 'INVALID'
  /** It compiles: it can be tried and enabled. */
  | 'READY';

/** Where a new version of a ruleset belongs. */
export type RulesetUploadInput = {
  /** What you say of it: 500 characters at most. */
  readonly comment?: string;
  /** The engine that the rules are for. */
  readonly engine?: string;
  /** The ruleset: 1 to 32 lower-case letters, digits or `-`. A new name is a new ruleset. */
  readonly name: string;
};

/** What came of one sample when a ruleset was tried. */
export type TryOutcome =
  /** The scan failed. */
  | 'FAILED'
  /** It was deleted before its turn. */
  | 'GONE'
  /** A rule matched. */
  | 'MATCH'
  /** No rule matched. */
  | 'NO_MATCH'
  /** The rules took too long. */
  | 'TIMEOUT'
  /** It is larger than the engine reads. */
  | 'UNSCANNED';

/** Why an update began. */
export type UpdateCause =
  /** Somebody asked for it. */
  | 'ASKED'
  /** A fetcher brought a new bundle. */
  | 'FETCHED'
  /** Somebody asked for what was served before. */
  | 'ROLLBACK';

export type WatchRulesetsSubscriptionVariables = Exact<{ [key: string]: never; }>;


export type WatchRulesetsSubscription = { readonly rulesetsUpdated: ReadonlyArray<{ readonly engine: string, readonly name: string, readonly serves: number | null, readonly update: { readonly id: string, readonly state: EngineUpdateState, readonly cause: UpdateCause, readonly reason: string | null, readonly toBundle: { readonly version: string | null } | null } | null, readonly versions: ReadonlyArray<{ readonly id: string, readonly number: number, readonly comment: string, readonly state: RulesetState, readonly rules: number | null, readonly fileCount: number, readonly createdAt: string, readonly createdBy: string | null, readonly removedAt: string | null, readonly check: { readonly state: RuleJobState, readonly reason: string | null, readonly agent: string | null, readonly done: number, readonly total: number, readonly matched: number, readonly unfinished: number, readonly gone: number } | null, readonly tried: { readonly state: RuleJobState, readonly reason: string | null, readonly agent: string | null, readonly done: number, readonly total: number, readonly matched: number, readonly unfinished: number, readonly gone: number } | null }> }> };

export type ReadRulesetVersionQueryVariables = Exact<{
  id: string;
}>;


export type ReadRulesetVersionQuery = { readonly rulesetVersion: { readonly id: string, readonly mistakesOmitted: number, readonly mistakes: ReadonlyArray<{ readonly path: string, readonly line: number | null, readonly message: string, readonly severity: RuleSeverity }>, readonly triedSamples: { readonly nodes: ReadonlyArray<{ readonly sha256: string, readonly name: string | null, readonly outcome: TryOutcome, readonly rules: ReadonlyArray<string>, readonly reason: string | null }>, readonly pageInfo: { readonly hasNextPage: boolean } } } | null };

export type ReadRulesetTextsQueryVariables = Exact<{
  id: string;
}>;


export type ReadRulesetTextsQuery = { readonly rulesetVersion: { readonly id: string, readonly texts: ReadonlyArray<{ readonly path: string, readonly text: string }> | null } | null };

export type SendRulesetMutationVariables = Exact<{
  input: CreateRulesetInput;
}>;


export type SendRulesetMutation = { readonly createRuleset:
    | { readonly message: string }
    | { readonly message: string }
    | { readonly version: { readonly number: number } }
    | { readonly message: string }
   };

export type OpenRulesetUploadMutationVariables = Exact<{
  input: RulesetUploadInput;
}>;


export type OpenRulesetUploadMutation = { readonly createRulesetUpload:
    | { readonly message: string }
    | { readonly message: string }
    | { readonly url: string }
    | { readonly message: string }
   };

export type TryVersionMutationVariables = Exact<{
  id: string;
  last: number;
}>;


export type TryVersionMutation = { readonly tryRuleset:
    | { readonly message: string }
    | { readonly message: string }
    | { readonly message: string }
    | Record<PropertyKey, never>
   };

export type CancelVersionMutationVariables = Exact<{
  id: string;
}>;


export type CancelVersionMutation = { readonly cancelRuleset:
    | { readonly message: string }
    | { readonly message: string }
    | { readonly message: string }
    | Record<PropertyKey, never>
   };

export type CheckVersionMutationVariables = Exact<{
  id: string;
}>;


export type CheckVersionMutation = { readonly checkRuleset:
    | { readonly message: string }
    | { readonly message: string }
    | { readonly message: string }
    | Record<PropertyKey, never>
   };

export type EnableVersionMutationVariables = Exact<{
  id: string;
}>;


export type EnableVersionMutation = { readonly enableRuleset:
    | { readonly message: string }
    | { readonly message: string }
    | { readonly message: string }
    | Record<PropertyKey, never>
   };

export type DeleteVersionMutationVariables = Exact<{
  id: string;
}>;


export type DeleteVersionMutation = { readonly deleteRuleset:
    | { readonly message: string }
    | { readonly message: string }
    | { readonly message: string }
    | Record<PropertyKey, never>
   };

export type RulesetJobShownFragment = { readonly state: RuleJobState, readonly reason: string | null, readonly agent: string | null, readonly done: number, readonly total: number, readonly matched: number, readonly unfinished: number, readonly gone: number };

export const WatchRulesets = "subscription WatchRulesets {\n  rulesetsUpdated {\n    engine\n    name\n    serves\n    update {\n      id\n      state\n      cause\n      reason\n      toBundle {\n        version\n      }\n    }\n    versions {\n      id\n      number\n      comment\n      state\n      rules\n      fileCount\n      createdAt\n      createdBy\n      removedAt\n      check {\n        ...RulesetJobShown\n      }\n      tried {\n        ...RulesetJobShown\n      }\n    }\n  }\n}\nfragment RulesetJobShown on RulesetJob {\n  state\n  reason\n  agent\n  done\n  total\n  matched\n  unfinished\n  gone\n}" as unknown as TypedDocumentNode<WatchRulesetsSubscription, WatchRulesetsSubscriptionVariables>;

export const ReadRulesetVersion = "query ReadRulesetVersion($id: ID!) {\n  rulesetVersion(id: $id) {\n    id\n    mistakes {\n      path\n      line\n      message\n      severity\n    }\n    mistakesOmitted\n    triedSamples(first: 100, outcomes: [MATCH, TIMEOUT, FAILED, UNSCANNED]) {\n      nodes {\n        sha256\n        name\n        outcome\n        rules\n        reason\n      }\n      pageInfo {\n        hasNextPage\n      }\n    }\n  }\n}" as unknown as TypedDocumentNode<ReadRulesetVersionQuery, ReadRulesetVersionQueryVariables>;

export const ReadRulesetTexts = "query ReadRulesetTexts($id: ID!) {\n  rulesetVersion(id: $id) {\n    id\n    texts {\n      path\n      text\n    }\n  }\n}" as unknown as TypedDocumentNode<ReadRulesetTextsQuery, ReadRulesetTextsQueryVariables>;

export const SendRuleset = "mutation SendRuleset($input: CreateRulesetInput!) {\n  createRuleset(input: $input) {\n    ... on RulesetSuccess {\n      version {\n        number\n      }\n    }\n    ... on UserError {\n      message\n    }\n  }\n}" as unknown as TypedDocumentNode<SendRulesetMutation, SendRulesetMutationVariables>;

export const OpenRulesetUpload = "mutation OpenRulesetUpload($input: RulesetUploadInput!) {\n  createRulesetUpload(input: $input) {\n    ... on RulesetUploadSuccess {\n      url\n    }\n    ... on UserError {\n      message\n    }\n  }\n}" as unknown as TypedDocumentNode<OpenRulesetUploadMutation, OpenRulesetUploadMutationVariables>;

export const TryVersion = "mutation TryVersion($id: ID!, $last: Int!) {\n  tryRuleset(id: $id, last: $last) {\n    ... on UserError {\n      message\n    }\n  }\n}" as unknown as TypedDocumentNode<TryVersionMutation, TryVersionMutationVariables>;

export const CancelVersion = "mutation CancelVersion($id: ID!) {\n  cancelRuleset(id: $id) {\n    ... on UserError {\n      message\n    }\n  }\n}" as unknown as TypedDocumentNode<CancelVersionMutation, CancelVersionMutationVariables>;

export const CheckVersion = "mutation CheckVersion($id: ID!) {\n  checkRuleset(id: $id) {\n    ... on UserError {\n      message\n    }\n  }\n}" as unknown as TypedDocumentNode<CheckVersionMutation, CheckVersionMutationVariables>;

export const EnableVersion = "mutation EnableVersion($id: ID!) {\n  enableRuleset(id: $id) {\n    ... on UserError {\n      message\n    }\n  }\n}" as unknown as TypedDocumentNode<EnableVersionMutation, EnableVersionMutationVariables>;

export const DeleteVersion = "mutation DeleteVersion($id: ID!) {\n  deleteRuleset(id: $id) {\n    ... on UserError {\n      message\n    }\n  }\n}" as unknown as TypedDocumentNode<DeleteVersionMutation, DeleteVersionMutationVariables>;
