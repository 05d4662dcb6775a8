import { Field, ObjectType } from "type-graphql";
import { Scan } from "./scan.js";

/** Scans of one event at most. */
const MOST_SCANS = 100;

@ObjectType({ description: "Scans that have changed, and the position in the feed.", simpleResolvers: true })
export class ScanFeedEvent {
  @Field(() => String, {
    description: "The position: `scanFeed(after)` continues from here, at any gateway. Keep the cursor of the last event.",
  })
  cursor!: string;

  @Field(() => [Scan], {
    description:
      "Scans that were accepted, changed their verdict or became final, at most 100, each as it is now. Empty in the first event if nothing has changed, and in the event after a minute without changes: only the cursor is new then.",
    complexity: ({ childComplexity }) => 1 + MOST_SCANS * childComplexity,
  })
  scans!: readonly Scan[];
}
