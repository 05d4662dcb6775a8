import { Arg, Ctx, Int, Query, Resolver } from "type-graphql";
import { ScanConnection } from "../../../schema/graphql/scan-connection.js";
import type { ScanRecord } from "../../../schema/reports.js";
import { countFound, searchScans } from "../../db/search-scans.js";
import type { RequestContext } from "../context/request-context.js";
import { Needs } from "../context/scopes.js";
import { pageLength, pageOf, PAGE } from "../inputs/connection.js";
import { cursorOf, placeOf } from "../inputs/cursors.js";
import { withCount, type CountedConnection } from "../inputs/list-counts.js";
import { searchTerms } from "../inputs/search-terms.js";
import { pageCost } from "../limits/list-cost.js";

const FOUND = "search";

@Resolver()
export class SearchResolver {
  @Needs("scan:read")
  @Query(() => ScanConnection, {
    description:
      "Scans by whatever people type, the newest first, a page at a time. It takes as long as a list with a filter may take: what comes before the first `*` of a name is found quickly, however many scans there are.",
    complexity: pageCost,
  })
  async search(
    @Arg("text", () => String, {
      description:
        "One or more of these, separated by commas: an md5, sha1 or sha256, a scan's number with or without `#`, or a file name in any case, in which `*` stands for any text. At most 100.",
    })
    text: string,
    @Arg("first", () => Int, { defaultValue: PAGE.default, description: "How many: 1 to 100." }) first: number,
    @Arg("after", () => String, { nullable: true, description: "Continues after this cursor." }) after: string | null | undefined,
    @Ctx() { list: read }: RequestContext,
  ): Promise<CountedConnection<ScanRecord>> {
    const limit = pageLength(first) + 1;
    const terms = searchTerms(text);
    const place = placeOf(FOUND, after);
    const found = await read((db) => searchScans(db, terms, { after: place?.id, limit }));
    const cursor = ({ scanId }: ScanRecord) => cursorOf(FOUND, { id: scanId, micros: 0 });
    return withCount(pageOf(found, { first, continued: place !== undefined, cursorOf: cursor }), () =>
      read((db) => countFound(db, terms)),
    );
  }
}
