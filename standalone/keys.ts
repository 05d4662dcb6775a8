/**
 * The keys of NATS's operator mode: an operator, the system account, one account per internet class, the keys by which gateways make
 * accounts of agents, and the credentials of the users. They are made once: a key that exists is never replaced, and runs at the same
 * time agree on one set. What earlier versions have signed with other rights is signed anew.
 */

import { link, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { generateKeyPairSync, randomUUID } from "node:crypto";
import {
  createAccount,
  createOperator,
  createUser,
  decode,
  encodeAccount,
  encodeOperator,
  encodeUser,
  fmtCreds,
  fromSeed,
  parseCreds,
  type Account as AccountClaims,
  type Operator,
  type Permissions,
  type User,
} from "@nats-io/jwt";
import { classExports } from "../schema/agent-account.js";
import { accountName, agentPermissions, resolverPermissions } from "../schema/subjects.js";
import type { InternetClass } from "../schema/classes.js";
import { whenMissing } from "./when-missing.js";

/** One account: its name, public key, claims and where the key is that signs its users. */
export interface Account {
  readonly name: string;
  readonly publicKey: string;
  readonly jwt: string;
  /** File of the seed; whoever has it can add users. */
  readonly seedFile: string;
}

/** Everything that a mesh needs to know of its keys. The files are readable by their owner only. */
export interface Keys {
  readonly dir: string;
  readonly operator: { readonly jwt: string; readonly seedFile: string };
  readonly system: Account;
  readonly accounts: Readonly<Record<InternetClass, Account>>;
  /** Files of the seeds by which a gateway signs agents' accounts, for the operator, and agents' users; and of the key for bundles (PEM). */
  readonly signing: { readonly accounts: string; readonly agents: string; readonly bundles: string };
  /** Files of the users' credentials. An agent's are shared by every agent of that class. */
  readonly creds: {
    readonly system: string;
    /** The system account's user that gateways have: it may change accounts and hear of their connections. */
    readonly resolver: string;
    readonly gateway: Readonly<Record<InternetClass, string>>;
    readonly agent: Readonly<Record<InternetClass, string>>;
  };
}

const UNLIMITED = { subs: -1, data: -1, payload: -1, conn: -1, leaf: -1, imports: -1, exports: -1, wildcards: true };
const JETSTREAM = { mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1 };

/** Makes in `dir` the keys that are not there yet, and says what and where they are. */
export async function makeKeys(dir: string): Promise<Keys> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const systemSeed = await seed(dir, "system", createAccount);
  const operatorSeed = await seed(dir, "operator", createOperator);
  const signingKeys = [publicKey(await seed(dir, "operator-signing", createOperator))];
  await seed(dir, "agents-signing", createAccount);
  const operatorJwt = await readOrSignClaims<Operator>(
    join(dir, "operator.jwt"),
    (claims) => String(claims.signing_keys) === String(signingKeys),
    () => encodeOperator("scanmesh", operatorSeed, { system_account: publicKey(systemSeed), signing_keys: signingKeys }),
  );
  const account = async (name: string, file: string, claims: Partial<AccountClaims>): Promise<Account> => {
    const accountSeed = await seed(dir, file, createAccount);
    const jwt = await readOrSignClaims<AccountClaims>(
      join(dir, `${file}.jwt`),
      ({ exports = [] }) => JSON.stringify(exports) === JSON.stringify(claims.exports ?? []),
      () => encodeAccount(name, accountSeed, claims, { signer: operatorSeed }),
    );
    return { name, publicKey: publicKey(accountSeed), jwt, seedFile: join(dir, `${file}.nk`) };
  };
  const ofClass = (internet: InternetClass) =>
    account(accountName(internet), internet, { limits: { ...UNLIMITED, ...JETSTREAM }, exports: classExports() });
  const system = await account("SYS", "system", { limits: UNLIMITED });
  const isolated = await ofClass("isolated");
  const internet = await ofClass("internet");
  return {
    dir,
    operator: { jwt: operatorJwt, seedFile: join(dir, "operator.nk") },
    system,
    accounts: { isolated, internet },
    signing: {
      accounts: join(dir, "operator-signing.nk"),
      agents: join(dir, "agents-signing.nk"),
      bundles: await bundleKey(dir),
    },
    creds: {
      system: await creds(dir, "sys", system, {}),
      resolver: await creds(dir, "gateway-system", system, resolverPermissions()),
      gateway: {
        isolated: await creds(dir, "gateway-isolated", isolated, {}),
        internet: await creds(dir, "gateway-internet", internet, {}),
      },
      agent: {
        isolated: await creds(dir, "agent-isolated", isolated, agentPermissions("*")),
        internet: await creds(dir, "agent-internet", internet, agentPermissions("*")),
      },
    },
  };
}

/** Credentials of a new user of an account, as the text of a creds file. Without permissions it may do all that the account may. */
export async function signUser(account: Account, name: string, permissions: Permissions): Promise<string> {
  const user = createUser();
  const jwt = await encodeUser(name, user, await readFile(account.seedFile, "utf8"), permissions as Partial<User>);
  return text(fmtCreds(jwt, user));
}

async function creds(dir: string, name: string, account: Account, permissions: Permissions): Promise<string> {
  const file = join(dir, `${name}.creds`);
  const current = await readOrCreateFile(file, () => signUser(account, name, permissions));
  const { key, jwt, uc } = await parseCreds(Buffer.from(current));
  if (uc.iss !== account.publicKey) {
    throw new Error(`${file} is not signed by the account ${account.name} in ${dir}: the keys there are not of one set.`);
  }
  if (!samePermissions(decode<User>(jwt).nats, permissions)) {
    // Another version's permissions: the same user key, signed anew.
    const renewed = await encodeUser(name, key, await readFile(account.seedFile, "utf8"), permissions as Partial<User>);
    await replaceFile(file, text(fmtCreds(renewed, fromSeed(Buffer.from(key)))));
  }
  return file;
}

function samePermissions(user: Partial<User>, permissions: Permissions): boolean {
  const lists = (of: Permissions) =>
    JSON.stringify([of.pub?.allow ?? [], of.pub?.deny ?? [], of.sub?.allow ?? [], of.sub?.deny ?? []]);
  return lists(user) === lists(permissions);
}

async function seed(dir: string, name: string, create: () => { getSeed(): Uint8Array }): Promise<string> {
  return readOrCreateFile(join(dir, `${name}.nk`), async () => text(create().getSeed()));
}

/** The key by which gateways sign bundles. */
async function bundleKey(dir: string): Promise<string> {
  const file = join(dir, "bundle-signing.pem");
  await readOrCreateFile(file, async () =>
    generateKeyPairSync("ed25519").privateKey.export({ format: "pem", type: "pkcs8" }).toString(),
  );
  return file;
}

function publicKey(ofSeed: string): string {
  return fromSeed(Buffer.from(ofSeed)).getPublicKey();
}

/** The file's text; made by `make` if it does not exist. Of several who make it at once, the first one's is kept by all. */
export async function readOrCreateFile(file: string, make: () => Promise<string>): Promise<string> {
  const present = await readFile(file, "utf8").catch(whenMissing(undefined));
  if (present !== undefined) return present;
  const made = await draft(file, await make());
  try {
    await link(made, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    await rm(made, { force: true });
  }
  return readFile(file, "utf8");
}

/** Claims that are signed: those in the file if they are as they have to be, else new ones of the same key. */
async function readOrSignClaims<Claims>(
  file: string,
  isRight: (claims: Partial<Claims>) => boolean,
  sign: () => Promise<string>,
): Promise<string> {
  const current = await readOrCreateFile(file, sign);
  if (isRight(decode<Claims>(current).nats)) return current;
  await replaceFile(file, await sign());
  return readFile(file, "utf8");
}

/** Readers see the old file or the new one, never a part. */
export async function replaceFile(file: string, content: string): Promise<void> {
  await rename(await draft(file, content), file);
}

async function draft(file: string, content: string): Promise<string> {
  const name = `${file}.${randomUUID()}`;
  await writeFile(name, content, { mode: 0o600 });
  return name;
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("utf8");
}
