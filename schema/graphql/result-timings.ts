import { Field, Float, ObjectType } from "type-graphql";

@ObjectType({
  description: "Where the time of a result went, in milliseconds; null for what is not known of it.",
  simpleResolvers: true,
})
export class ResultTimings {
  @Field(() => Float, {
    nullable: true,
    description:
      "From when the scan was accepted to when the result was final, without the other three: in the queue, for a slot, on the way. By the clock of Postgres; null for a copied result.",
  })
  waitingMs!: number | null;

  @Field(() => Float, {
    nullable: true,
    description: "Until the agent had the sample's bytes. By the agent's clock, as are the next two.",
  })
  fetchingMs!: number | null;

  @Field(() => Float, { nullable: true, description: "Until there was something to give the sample to, such as a container." })
  startingMs!: number | null;

  @Field(() => Float, { nullable: true, description: "From then on, until the engine had answered or was ended." })
  scanningMs!: number | null;
}
