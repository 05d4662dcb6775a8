import { Field, InputType } from "type-graphql";
import { Verdict } from "./enums.js";
import { SizeRange, TimeRange } from "./scan-filter.js";

/** Which samples are listed. */
@InputType({ description: "Which samples: everything that is given must hold, and of a list any one of its entries." })
export class SampleFilter {
  @Field(() => [String], {
    nullable: true,
    description:
      "It has one of these MIME types, such as `application/pdf`, or `image/*` for all of a kind; without regard to case.",
  })
  mimes?: readonly string[] | null;

  @Field(() => SizeRange, { nullable: true, description: "Its size." })
  size?: SizeRange | null;

  @Field(() => TimeRange, {
    nullable: true,
    description: "When the mesh first got it. Such a list is ordered by that time, every other in the order of arrival.",
  })
  firstSeen?: TimeRange | null;

  @Field(() => [String], {
    nullable: true,
    description:
      "It has one of these hashes: md5, sha1 and sha256 in hex, mixed as you like, without regard to case; 1,000 at most.",
  })
  hashes?: readonly string[] | null;

  @Field(() => Boolean, { nullable: true, description: "Whether the mesh still has its bytes." })
  stored?: boolean | null;

  @Field(() => [Verdict], { nullable: true, description: "Its newest scan has one of these verdicts." })
  verdicts?: readonly Verdict[] | null;
}
