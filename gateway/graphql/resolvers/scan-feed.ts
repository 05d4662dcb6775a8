import { Arg, Resolver, Root, Subscription } from "type-graphql";
import { ScanFeedEvent } from "../../../schema/graphql/scan-feed.js";
import { ScanFilter } from "../../../schema/graphql/scan-filter.js";
import type { ScanContext } from "../../scan/context.js";
import { readFeedCursor } from "../../watch/feed-cursor.js";
import type { FeedEvent } from "../../watch/feed-page.js";
import type { RequestContext } from "../context/request-context.js";
import { scanCriteria } from "../inputs/scan-criteria.js";
import { Needs } from "../context/scopes.js";
import type { Watch } from "../../watch/watch.js";

interface Asked {
  readonly filter?: ScanFilter | null;
  readonly after?: string | null;
}

interface Subscribing {
  readonly args: Asked;
  readonly context: RequestContext;
}

@Resolver(() => ScanFeedEvent)
export class ScanFeedResolver {
  @Needs("scan:read")
  @Subscription(() => ScanFeedEvent, {
    description:
      "Every scan as it is accepted, gets another verdict and becomes final, at least once. Without `after` it begins now. With the cursor " +
      "of the last event it goes on there, at any gateway, after however long. A scan can come again: of two readings " +
      "with the same `scanId` keep the one with the higher `revision`, and ignore one that you have. Who reads slowly is " +
      "given each scan as it is by then, not every step between.",
    subscribe: ({ args, context: { mesh } }: Subscribing) => watchFeed(mesh, args),
  })
  scanFeed(
    @Arg("filter", () => ScanFilter, {
      nullable: true,
      description: "Which scans; without it all of them. A scan is told of when it meets the filter after a change.",
    })
    _filter: ScanFilter | null | undefined,
    @Arg("after", () => String, { nullable: true, description: "The cursor of the last event that was seen." })
    _after: string | null | undefined,
    @Root() event: FeedEvent,
  ): FeedEvent {
    return event;
  }
}

async function watchFeed(mesh: ScanContext, { filter, after }: Asked): Promise<Watch<FeedEvent>> {
  const place = typeof after === "string" ? readFeedCursor(after) : undefined;
  return mesh.feeds.watch(await scanCriteria(mesh.db, filter), place).ready();
}
