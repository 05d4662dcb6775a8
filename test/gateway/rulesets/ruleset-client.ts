/** Rulesets as tests send and read them. */

import type { ListedJob } from "../../../cli/ruleset-gateway.js";
import { until } from "../../stage/stage.js";
import { data } from "../http/http-client.js";

export interface ShownVersion {
  readonly id: string;
  readonly name: string;
  readonly number: number;
  readonly state: string;
  readonly rules: number | null;
  readonly comment: string;
  readonly mistakes: { path: string; line: number | null; message: string; severity: string }[];
  readonly check: ListedJob | null;
  readonly tried: ListedJob | null;
  readonly triedSamples: { nodes: { sha256: string; outcome: string; rules: string[]; reason: string | null }[] };
}

const JOB = "{ state reason agent done total matched unfinished gone }";
const VERSION = `{ id name number state rules comment mistakes { path line message severity } check ${JOB} tried ${JOB}
  triedSamples(outcomes: [MATCH, TIMEOUT, FAILED, UNSCANNED, GONE]) { nodes { sha256 outcome rules reason } } }`;

export interface Refused {
  readonly message: string;
  readonly code: string;
  readonly path: string[];
}

export type Outcome = { readonly version: ShownVersion } & Partial<Refused>;

/** Sends files as a version. */
export async function create(
  url: string,
  name: string,
  files: Readonly<Record<string, string>>,
  more: { engine?: string; comment?: string } = {},
): Promise<Outcome> {
  const mutation = `mutation ($input: CreateRulesetInput!) { result: createRuleset(input: $input) {
    ... on RulesetSuccess { version ${VERSION} } ... on UserError { message code path } } }`;
  const input = { name, files: Object.entries(files).map(([path, text]) => ({ path, text })), ...more };
  return (await data<{ result: Outcome }>(url, mutation, { input })).result;
}

/** One of the mutations that take a version. */
export async function act(url: string, mutation: string, id: string, args = ""): Promise<Outcome> {
  const text = `mutation ($id: ID!) { result: ${mutation}(id: $id${args}) {
    ... on RulesetSuccess { version ${VERSION} } ... on UserError { message code path } } }`;
  return (await data<{ result: Outcome }>(url, text, { id })).result;
}

export async function enable(url: string, id: string): Promise<{ update?: { id: string; state: string } } & Partial<Refused>> {
  const text = `mutation ($id: ID!) { result: enableRuleset(id: $id) {
    ... on EnableRulesetSuccess { update { id state } } ... on UserError { message code path } } }`;
  return (await data<{ result: { update?: { id: string; state: string } } & Partial<Refused> }>(url, text, { id })).result;
}

export async function show(url: string, id: string): Promise<ShownVersion | null> {
  const query = `query ($id: ID!) { rulesetVersion(id: $id) ${VERSION} }`;
  return (await data<{ rulesetVersion: ShownVersion | null }>(url, query, { id })).rulesetVersion;
}

export async function untilVersion(
  url: string,
  id: string,
  what: string,
  holds: (version: ShownVersion) => boolean,
): Promise<ShownVersion> {
  return until(what, async () => {
    const version = await show(url, id);
    return version && holds(version) ? version : undefined;
  });
}
