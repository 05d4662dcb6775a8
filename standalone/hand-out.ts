/** What the containers of a mesh are given before they start: a folder for each, with what that one needs and nothing else. */

import { randomBytes } from "node:crypto";
import { mkdir, readFile, rename, rm, statfs, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { InternetClass } from "../schema/classes.js";
import { formatJoinToken } from "../schema/join-token.js";
import { joinKeysText, readJoinSecrets } from "./join-secrets.js";
import { readOrCreateFile, type Keys } from "./keys.js";
import { natsConfig } from "./nats-config.js";

/** Where agents reach a gateway. */
const GATEWAY = "http://gateway:8080";
/** How containers call each other, and this machine itself. */
const CONTAINERS = ["nats", "gateway", "gateway.scanmesh.internal", "localhost", "127.0.0.1"];
/** Which share of the room that is free at first JetStream may use. */
const STORE_SHARE = 0.8;

/** How the containers find each other, and where the folders are mounted in them. */
export interface HandOut {
  /** Folder with the folders `nats`, `nats-data`, `postgres`, `gateway`, `agent-isolated` and `agent-internet`. */
  readonly folder: string;
  /** Bytes that JetStream may use; undefined: a share of what is free in `nats-data` when this is asked first. */
  readonly natsStore: number | undefined;
  /** Names and addresses by which other hosts reach the mesh; undefined: none does, and nothing is encrypted. */
  readonly names?: readonly string[] | undefined;
}

/**
 * Fills the folders. Passwords and keys that exist are kept. Whoever has a folder may read what is in it, under any user: that
 * it is mounted in one container only is what keeps the others out.
 */
export async function handOut(keys: Keys, { folder, natsStore, names }: HandOut): Promise<readonly string[]> {
  const password = await readOrCreateFile(join(keys.dir, "postgres-password"), async () => randomBytes(24).toString("base64url"));
  const room = await readOrCreateFile(join(keys.dir, "nats-store"), async () => `${await storeLimit(join(folder, "nats-data"))}`);
  const nats = natsConfig(keys, {
    host: "0.0.0.0",
    port: 4222,
    monitor: "127.0.0.1:8222",
    storeDir: "/data/jetstream",
    resolverDir: "/data/accounts",
    maxFileStore: natsStore ?? Number(room),
    syncAlways: true,
    serverName: "scanmesh",
    tls: names && { cert: "/run/scanmesh/server.pem", key: "/run/scanmesh/server.key" },
  });
  const { gateway, resolver } = keys.creds;
  const secrets = await readJoinSecrets(keys.dir);
  const tokenOf = (internet: InternetClass) => formatJoinToken({ gateway: GATEWAY, secret: secrets[internet] });
  // Agents had their class's credentials there, which are every agent's of the class.
  for (const name of ["agent-isolated", "agent-internet"]) await rm(join(folder, name, "agent.creds"), { force: true });
  const certificate = names ? await handOutCertificate(keys, folder, names) : [];
  const others = await Promise.all([
    writeReadable(join(folder, "nats"), "nats.conf", nats),
    writeReadable(join(folder, "postgres"), "password", password),
    writeReadable(join(folder, "gateway"), "database-url", `postgres://scanmesh:${password}@postgres:5432/scanmesh`),
    writeReadable(join(folder, "gateway"), "isolated.creds", await readFile(gateway.isolated, "utf8")),
    writeReadable(join(folder, "gateway"), "internet.creds", await readFile(gateway.internet, "utf8")),
    writeReadable(join(folder, "gateway"), "system.creds", await readFile(resolver, "utf8")),
    writeReadable(join(folder, "gateway"), "accounts.nk", await readFile(keys.signing.accounts, "utf8")),
    writeReadable(join(folder, "gateway"), "agents.nk", await readFile(keys.signing.agents, "utf8")),
    writeReadable(join(folder, "gateway"), "bundles.pem", await readFile(keys.signing.bundles, "utf8")),
    writeReadable(join(folder, "gateway"), "join-keys.json", await joinKeysText(keys)),
    writeReadable(join(folder, "agent-isolated"), "join-token", tokenOf("isolated")),
    writeReadable(join(folder, "agent-internet"), "join-token", tokenOf("internet")),
  ]);
  return [...certificate, ...others];
}

/** NATS has it first: the gateway that sees a new one asks NATS to read it. */
export async function handOutCertificate(keys: Keys, folder: string, names: readonly string[]): Promise<readonly string[]> {
  const { makeCertificates } = await import("./certificates.js");
  const { ca, cert, key } = await makeCertificates(join(keys.dir, "tls"), [...new Set([...names, ...CONTAINERS])]);
  const files: string[] = [];
  for (const reader of ["nats", "gateway"]) {
    files.push(await writeReadable(join(folder, reader), "server.key", await readFile(key, "utf8")));
    files.push(await writeReadable(join(folder, reader), "server.pem", await readFile(cert, "utf8")));
  }
  for (const reader of ["gateway", "agent-isolated", "agent-internet"])
    files.push(await writeReadable(join(folder, reader), "ca.pem", await readFile(ca, "utf8")));
  return files;
}

/** Readers see the old file or the new one, never a part. */
async function writeReadable(folder: string, name: string, content: string): Promise<string> {
  const file = join(folder, name);
  await mkdir(folder, { recursive: true });
  const draft = `${file}.new`;
  // One that was left half-written may not be written to.
  await rm(draft, { force: true });
  await writeFile(draft, content, { mode: 0o444 });
  await rename(draft, file);
  return file;
}

async function storeLimit(folder: string): Promise<number> {
  await mkdir(folder, { recursive: true });
  const { bavail, bsize } = await statfs(folder);
  return Math.floor(bavail * bsize * STORE_SHARE);
}
