import { Field, ObjectType } from "type-graphql";
import { Scan } from "./scan.js";

/** Scans of one event at most. */
const MOST_SCANS = 100;

@ObjectType({ description: "Scans that have changed, and how far the feed is.", simpleResolvers: true })
export class ScanFeedEvent {
  @Field(() => String, {
    description: "How far this is: `scanFeed(after)` goes on from here, at any gateway. Keep that of the last event.",
  })
  cursor!: string;

  @Field(() => [Scan], {
    description:
      "Scans that were accepted, got another verdict or became final, 100 at most, each as it is now. None in the first event when nothing has " +
      "changed, and in one of a minute without changes: then only the cursor is new.",
    complexity: ({ childComplexity }) => 1 + MOST_SCANS * childComplexity,
  })
  scans!: readonly Scan[];
}
