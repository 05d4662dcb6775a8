import { Field, ObjectType } from "type-graphql";
import { ClosedState } from "./states.js";

@ObjectType({ description: "Something in a sample that an engine cannot look into.", simpleResolvers: true })
export class ClosedMember {
  @Field(() => String, { description: "The member, with the containers around it; empty: the sample itself." })
  path!: string;

  @Field(() => String, { description: "Its format, or that of the container that it is packed in; empty if it is not known." })
  format!: string;

  @Field(() => String, { nullable: true, description: "How it is packed or encrypted, where that is known." })
  method!: string | null;

  @Field(() => ClosedState, { description: "Why it is closed." })
  state!: ClosedState;
}
