import { readFileSync } from "node:fs";
import { credsAuthenticator, type Authenticator } from "nats";
import type { InternetClass } from "../../schema/classes.js";
import { OperatorError } from "../../schema/operator-error.js";
import { hasCode, reasonOf } from "../contract.js";

const JWT = /-----BEGIN NATS USER JWT-----\s*(\S+)/;
const SEED = /-----BEGIN USER NKEY SEED-----\s*\S+/;

/** What a credentials file says of its user. */
interface Claims {
  /** For example `agent-isolated`. */
  readonly name?: string;
  /** When it expires, in seconds; it need not. */
  readonly exp?: number;
  /** When it was signed, in seconds. */
  readonly iat?: number;
  /** The key of the account that has signed it, or of one that signs for it. */
  readonly iss?: string;
  readonly nats?: { readonly issuer_account?: string };
}

/** Reads the claims in the text of a credentials file; undefined if there are none. */
export function readClaims(text: string): Claims | undefined {
  try {
    const part = JWT.exec(text)?.[1]?.split(".")[1];
    return part === undefined ? undefined : (JSON.parse(Buffer.from(part, "base64url").toString("utf8")) as Claims);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Throws {@link OperatorError} for a file that no waiting makes valid for an agent of this class. */
export function checkCredentials(file: string, internet: InternetClass): void {
  const claims = readClaims(readOrExplain(file));
  const name = claims?.name ?? "";
  const other: InternetClass = internet === "isolated" ? "internet" : "isolated";
  if (name.endsWith(`-${other}`)) {
    throw new OperatorError(
      `SCANMESH_NATS_CREDS: ${file} is for agents of the class ${other} (${name}), and SCANMESH_CLASS is ${internet}: ` +
        "give the agent the file of its class, or change SCANMESH_CLASS.",
    );
  }
  // An agent's own user is renewed, and is valid by the clock of NATS and not by this host's.
  const isShared = claims?.nats?.issuer_account === undefined;
  if (isShared && claims?.exp !== undefined && claims.exp * 1000 < Date.now()) {
    const since = new Date(claims.exp * 1000).toISOString();
    throw new OperatorError(`SCANMESH_NATS_CREDS: the credentials in ${file} expired at ${since}: put new ones there.`);
  }
}

/** Reads the file at every connection, so that credentials that were replaced on disk are used when those before expire. */
export function authenticateByFile(file: string): Authenticator {
  let current = readFileSync(file);
  return (nonce) => {
    try {
      const now = readFileSync(file);
      // A file that is just being written is not used.
      if (isComplete(now.toString("utf8"))) current = now;
    } catch (error) {
      if (!hasCode(error, "ENOENT", "EACCES")) throw error;
    }
    return credsAuthenticator(current)(nonce);
  };
}

function readOrExplain(file: string): string {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    const why = hasCode(error, "ENOENT") ? "there is no such file" : reasonOf(error);
    throw new OperatorError(`SCANMESH_NATS_CREDS: cannot read ${file} (${why}).`, { cause: error });
  }
  if (!isComplete(text)) throw new OperatorError(`SCANMESH_NATS_CREDS: ${file} is no credentials file of NATS.`);
  return text;
}

function isComplete(text: string): boolean {
  return SEED.test(text) && readClaims(text) !== undefined;
}
