import { Arg, Resolver, Root, Subscription } from "type-graphql";
import { ScanFeedEvent } from "../../../schema/graphql/scan-feed.js";
import { ScanFilter } from "../../../schema/graphql/scan-filter.js";
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
      "Every scan that is accepted, changes its verdict or becomes final, at least once. Without `after` it starts now; with the cursor of the last event it continues from there, at any gateway, however much later. A scan can be sent more than once: keep the reading with the higher `revision`. A slow reader gets the latest state of each scan and not every step.",
    subscribe: ({ args, context }: Subscribing) => watchFeed(context, args),
  })
  scanFeed(
    @Arg("filter", () => ScanFilter, {
      nullable: true,
      description: "Which scans; without it all of them. A scan is sent when it matches the filter after a change.",
    })
    _filter: ScanFilter | null | undefined,
    @Arg("after", () => String, { nullable: true, description: "The cursor of the last event received." })
    _after: string | null | undefined,
    @Root() event: FeedEvent,
  ): FeedEvent {
    return event;
  }
}

async function watchFeed({ mesh, signal }: RequestContext, { filter, after }: Asked): Promise<Watch<FeedEvent>> {
  const place = typeof after === "string" ? readFeedCursor(after) : undefined;
  return mesh.feeds.watch(await scanCriteria(mesh.db, filter), place).ready(signal);
}
