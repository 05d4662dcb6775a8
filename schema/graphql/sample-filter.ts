import { Field, InputType } from "type-graphql";
import { Verdict } from "./states.js";
import { SizeRange, TimeRange } from "./scan-filter.js";

/** Which samples are listed. */
@InputType({ description: "Which samples: every given field must hold; of a list any entry is enough." })
export class SampleFilter {
  @Field(() => [String], {
    nullable: true,
    description: "It has one of these MIME types, such as `application/pdf`, or `image/*` for all of a kind; regardless of case.",
  })
  mimes?: readonly string[] | null;

  @Field(() => SizeRange, { nullable: true, description: "Its size." })
  size?: SizeRange | null;

  @Field(() => TimeRange, {
    nullable: true,
    description: "When the mesh first received it. A list with this filter is ordered by that time, any other by arrival.",
  })
  firstSeen?: TimeRange | null;

  @Field(() => [String], {
    nullable: true,
    description: "It has one of these hashes: md5, sha1 or sha256 in hex, regardless of case; at most 1,000.",
  })
  hashes?: readonly string[] | null;

  @Field(() => Boolean, { nullable: true, description: "Whether the mesh still has its bytes." })
  stored?: boolean | null;

  @Field(() => [Verdict], { nullable: true, description: "Its newest scan has one of these verdicts." })
  verdicts?: readonly Verdict[] | null;
}
