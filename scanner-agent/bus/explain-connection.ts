import { NatsError } from "nats";
import { isCertificateError, isNameError } from "../../schema/certificate-error.js";
import { OperatorError } from "../../schema/operator-error.js";
import { reasonOf } from "../contract.js";

/** How the agent connects. */
interface Attempt {
  readonly servers: readonly string[];
  readonly credsFile: string | undefined;
}

/** Says what keeps the agent from NATS. Throws {@link OperatorError} for what does not pass by itself. */
export function explainConnection(error: unknown, { servers, credsFile }: Attempt): string {
  const where = servers.join(", ");
  const code = readCode(error);
  switch (code) {
    case "CONNECTION_REFUSED":
      return `nothing listens at ${where}: is nats-server running there, and is the port in NATS_URL right?`;
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return `the host in NATS_URL (${where}) is not known: is its name right?`;
    case "TIMEOUT":
    case "ETIMEDOUT":
    case "EHOSTUNREACH":
    case "ENETUNREACH":
      return `no NATS answers at ${where}: is the address in NATS_URL right, and does a firewall let it through?`;
    case "SERVER_OPTION_NA":
      return `NATS at ${where} does not speak TLS, and the address says tls://: is its listener set up for TLS?`;
    case "AUTHORIZATION_VIOLATION":
    case "BAD_AUTHENTICATION":
      throw new OperatorError(
        credsFile === undefined
          ? `NATS at ${where} asks for credentials: set SCANMESH_NATS_CREDS to the agent's file.`
          : `NATS at ${where} refuses the credentials in ${credsFile}: they were revoked, or are those of another mesh. Put a file ` +
              "of this mesh there.",
        { cause: error },
      );
    default:
      if (isNameError(code))
        return `the certificate of NATS is not for ${where} (${code}): is that address named in SCANMESH_TLS_NAMES where the mesh runs?`;
      if (isCertificateError(code))
        return (
          `the certificate of NATS at ${where} is of no authority that this host knows (${code}): is it another mesh, or is ` +
          "SCANMESH_NATS_CA missing?"
        );
      return code ?? reasonOf(error);
  }
}

function readCode(error: unknown): string | undefined {
  if (error instanceof NatsError) return error.code;
  return error instanceof Error && "code" in error ? String(error.code) : undefined;
}
