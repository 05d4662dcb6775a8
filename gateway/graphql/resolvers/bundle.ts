import { Arg, Ctx, ID, Int, Mutation, Query, Resolver } from "type-graphql";
import {
  Bundle,
  BundleConnection,
  BundleKey,
  CreateBundleInput,
  CreateBundleResult,
  DistrustBundleKeyResult,
  RemoveBundleResult,
  TrustBundleKeyResult,
  type CreateBundleSuccess,
} from "../../../schema/graphql/bundle.js";
import { distrustKey, readTrustedKeys, trustKey, type TrustedKey } from "../../bundles/keys.js";
import { removeBundle } from "../../bundles/remove.js";
import { createBundle } from "../../bundles/uploads.js";
import { listBundles, type BundleRecord } from "../../db/bundles.js";
import { GatewayError } from "../../errors.js";
import type { RequestContext } from "../context/request-context.js";
import { Needs } from "../context/scopes.js";
import { PAGE, pageLength, pageOf, type Connection } from "../inputs/connection.js";
import { keyCursorOf, keyOf } from "../inputs/cursors.js";
import { orUserError, type UserErrorRecord } from "../inputs/user-errors.js";
import { pageCost } from "../limits/list-cost.js";

const LIST = "bundles";

type ShownKey = Omit<TrustedKey, "publicKey"> & { readonly publicKey: string };

@Resolver(() => Bundle)
export class BundleResolver {
  @Needs("admin")
  @Query(() => BundleConnection, { description: "What engines were given, the newest first.", complexity: pageCost })
  async bundles(
    @Arg("first", () => Int, { defaultValue: PAGE.default, description: "How many: 1 to 100." }) first: number,
    @Arg("after", () => String, { nullable: true, description: "Continues after this cursor." }) after: string | null | undefined,
    @Arg("engine", () => String, { nullable: true, description: "Those of this engine; without it those of all." })
    engine: string | null | undefined,
    @Arg("set", () => String, { nullable: true, description: "Those of this set; without it those of all." })
    set: string | null | undefined,
    @Arg("removed", () => Boolean, { defaultValue: false, description: "Whether to include those whose files are gone." })
    removed: boolean,
    @Ctx() { mesh }: RequestContext,
  ): Promise<Connection<BundleRecord>> {
    const limit = pageLength(first) + 1;
    const afterId = keyOf(LIST, after);
    const criteria = { engine: engine ?? undefined, set: set ?? undefined, removed };
    const found = await listBundles(mesh.db, criteria, { after: idOf(afterId), limit });
    return pageOf(found, { first, continued: afterId !== undefined, cursorOf: ({ id }) => keyCursorOf(LIST, String(id)) });
  }

  @Needs("admin")
  @Query(() => [BundleKey], { description: "The keys whose bundles are taken, this mesh's own first." })
  async bundleKeys(@Ctx() { mesh }: RequestContext): Promise<ShownKey[]> {
    return (await readTrustedKeys(mesh)).map(shown);
  }

  @Needs("admin")
  @Mutation(() => CreateBundleResult, { description: "Creates the URL to which a bundle is sent, once, within 24 hours." })
  createBundle(
    @Arg("input", () => CreateBundleInput, { description: "The bundle to send." }) input: CreateBundleInput,
    @Ctx() { mesh, caller, baseUrl }: RequestContext,
  ): Promise<CreateBundleSuccess | UserErrorRecord> {
    return orUserError(["input"], async () => {
      const { path, expiresAt } = await createBundle(mesh, caller, input);
      return { url: `${baseUrl}${path}`, expiresAt };
    });
  }

  @Needs("admin")
  @Mutation(() => RemoveBundleResult, {
    description: "Removes the files of a bundle that no host serves, and is to serve. What is known of it stays.",
  })
  removeBundle(
    @Arg("id", () => ID, { description: "Its `id`." }) id: string,
    @Ctx() { mesh, caller }: RequestContext,
  ): Promise<{ bundle: BundleRecord } | UserErrorRecord> {
    return orUserError([], async () => {
      const known = idOf(id);
      if (known === undefined) throw new GatewayError("NOT_FOUND", `there is no bundle ${id}`, { field: ["id"] });
      return { bundle: await removeBundle(mesh, caller, known) };
    });
  }

  @Needs("admin")
  @Mutation(() => TrustBundleKeyResult, {
    description: "Takes the bundles that another mesh has signed. Compare the fingerprint with what that mesh shows.",
  })
  trustBundleKey(
    @Arg("publicKey", () => String, { description: "The other mesh's public key, as its `bundleKeys` shows it, or PEM." })
    publicKey: string,
    @Arg("name", () => String, { description: "What to call that mesh here: 1 to 100 characters." }) name: string,
    @Ctx() { mesh, caller }: RequestContext,
  ): Promise<{ key: ShownKey } | UserErrorRecord> {
    return orUserError([], async () => ({ key: shown(await trustKey(mesh, caller, { publicKey, name })) }));
  }

  @Needs("admin")
  @Mutation(() => DistrustBundleKeyResult, { description: "Takes no more bundles of another mesh. Those that are there stay." })
  distrustBundleKey(
    @Arg("fingerprint", () => ID, { description: "Its `fingerprint`." }) fingerprint: string,
    @Ctx() { mesh, caller }: RequestContext,
  ): Promise<{ key: ShownKey } | UserErrorRecord> {
    return orUserError(["fingerprint"], async () => ({ key: shown(await distrustKey(mesh, caller, fingerprint)) }));
  }
}

function shown(key: TrustedKey): ShownKey {
  const { fingerprint, name, isOwn, createdAt } = key;
  return { fingerprint, name, isOwn, createdAt, publicKey: key.publicKey.toString("base64") };
}

/** Undefined if it cannot be an id. */
function idOf(text: string | undefined): number | undefined {
  return text !== undefined && /^[1-9]\d{0,14}$/.test(text) ? Number(text) : undefined;
}
