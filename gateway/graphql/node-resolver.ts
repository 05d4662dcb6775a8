import type { GraphQLResolveInfo } from "graphql";
import { FieldResolver, ID, Info, Resolver, Root } from "type-graphql";
import type { Presence } from "../../schema/messages.js";
import type { EngineRecord, SampleRecord, ScanRecord } from "../../schema/reports.js";
import { Node } from "../../schema/graphql/node.js";

/** By which key of its record each type that has a global id is known. */
const KEYS = {
  Scan: (record: Record_) => (record as ScanRecord).scanId,
  Sample: (record: Record_) => (record as SampleRecord).sampleId,
  Engine: (record: Record_) => (record as EngineRecord).engineId,
  Agent: (record: Record_) => (record as Presence).agent,
};

type Record_ = ScanRecord | SampleRecord | EngineRecord | Presence;

@Resolver(() => Node)
export class NodeResolver {
  @FieldResolver(() => ID)
  id(@Root() record: Record_, @Info() { parentType }: GraphQLResolveInfo): string {
    const type = parentType.name as keyof typeof KEYS;
    return Buffer.from(`${type}:${KEYS[type](record)}`).toString("base64url");
  }
}
