import { Field, ObjectType } from "type-graphql";
import { ApiKey } from "./api-key.js";
import { PageInfo } from "./page-info.js";

@ObjectType({ description: "An API key in a list.", simpleResolvers: true })
export class ApiKeyEdge {
  @Field(() => String, { description: "The position in the list, for `after`." })
  cursor!: string;

  @Field(() => ApiKey, { description: "The key." })
  node!: ApiKey;
}

@ObjectType({ description: "A page of API keys.", simpleResolvers: true })
export class ApiKeyConnection {
  @Field(() => [ApiKeyEdge], { description: "The keys of this page with their cursors." })
  edges!: readonly ApiKeyEdge[];

  @Field(() => [ApiKey], { description: "The keys of this page." })
  nodes!: readonly ApiKey[];

  @Field(() => PageInfo, { description: "Where this page begins and ends." })
  pageInfo!: PageInfo;
}
