import type { GraphQLError } from "graphql";
import { CloseCode } from "graphql-ws";
import { authenticate, keyInParameters } from "../../http/authenticate.js";
import type { Caller } from "../../caller.js";
import { GatewayError } from "../../errors.js";
import type { ScanContext } from "../../scan/context.js";
import { presentError } from "../context/present-error.js";

/** The client of a WebSocket. */
export interface SocketClient {
  /** The key in the headers of the upgrade. */
  readonly key: string | undefined;
  readonly host: string;
  readonly address: string;
  readonly requestId: string;
  close(code: number, reason: string): void;
  /** Set once the connection has been initialised. */
  caller?: Caller;
  /** Whether the connection is closed. */
  isClosed?: boolean;
  /** Stops watching for the key's revocation. */
  release?: () => void;
}

const TRY_AGAIN_LATER = 1013;

/** Admits a client. Its connection is closed if its key is invalid now or becomes so later. */
export async function admitClient(
  mesh: ScanContext,
  client: SocketClient,
  parameters: Readonly<Record<string, unknown>> | undefined,
): Promise<boolean> {
  try {
    const key = keyInParameters(parameters) ?? client.key;
    client.caller = await authenticate(mesh, key, client.address, client.requestId);
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    client.close(error.code === "UNAUTHENTICATED" ? CloseCode.Unauthorized : TRY_AGAIN_LATER, error.message);
    return false;
  }
  const { key } = client.caller;
  if (key === null || client.isClosed) return true;
  client.release = mesh.keyring.hold(key.id, () =>
    client.close(CloseCode.Unauthorized, "this API key was revoked or has expired"),
  );
  return true;
}

/** Why a client's key may not start another operation now; undefined if it may. */
export function admissionErrors({ keyring, log }: ScanContext, { key }: Caller): readonly GraphQLError[] | undefined {
  if (key === null) return undefined;
  try {
    keyring.admit(key.id);
    return undefined;
  } catch (error) {
    return [presentError(error, log)];
  }
}
