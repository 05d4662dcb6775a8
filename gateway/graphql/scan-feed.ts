import { Arg, Resolver, Root, Subscription } from "type-graphql";
import { ScanFeedEvent } from "../../schema/graphql/scan-feed.js";
import { ANY_SCAN } from "../db/scan-changes.js";
import type { FeedEvent } from "../scan/feed.js";
import { placeOfFeedCursor } from "../scan/feed-cursor.js";
import type { RequestContext } from "./request-context.js";
import { Needs } from "./scopes.js";
import { started } from "./started.js";

interface Subscribing {
  readonly args: { readonly after?: string | null };
  readonly context: RequestContext;
}

@Resolver()
export class ScanFeed {
  @Needs("scan:read")
  @Subscription(() => ScanFeedEvent, {
    description:
      "Every scan as it is accepted, gets another verdict and becomes final, at least once. Without `after` it begins now. With the cursor " +
      "of the last event it goes on there, at any gateway, after however long. A scan can come again: of two readings " +
      "with the same `scanId` keep the one with the higher `revision`, and ignore one that you have. Who reads slowly is " +
      "given each scan as it is by then, not every step between.",
    subscribe: ({ args: { after }, context: { mesh } }: Subscribing) =>
      started(mesh.feeds.watch({ key: "", wanted: ANY_SCAN }, typeof after === "string" ? placeOfFeedCursor(after) : undefined)),
  })
  scanFeed(
    @Arg("after", () => String, { nullable: true, description: "The cursor of the last event that was seen." })
    _after: string | null | undefined,
    @Root() event: FeedEvent,
  ): FeedEvent {
    return event;
  }
}
