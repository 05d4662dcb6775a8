import type { GraphQLError } from "graphql";
import { CloseCode } from "graphql-ws";
import { keyOfParameters, recognised } from "../../http/authenticate.js";
import type { Caller } from "../../caller.js";
import { GatewayError } from "../../errors.js";
import type { ScanContext } from "../../scan/context.js";
import { presentError } from "../context/present-error.js";

/** Who is at the other end of a WebSocket. */
export interface Visitor {
  /** The key in the headers of its upgrade. */
  readonly key: string | undefined;
  readonly host: string;
  readonly address: string;
  readonly requestId: string;
  close(code: number, reason: string): void;
  /** Known once it has said who it is. */
  caller?: Caller;
  /** It has closed the connection. */
  left?: boolean;
  /** Lets go of its key. */
  release?: () => void;
}

const TRY_AGAIN_LATER = 1013;

/** Whether a visitor may stay. One whose key cannot be used any more is sent away, now or later. */
export async function admitVisitor(
  mesh: ScanContext,
  visitor: Visitor,
  parameters: Readonly<Record<string, unknown>> | undefined,
): Promise<boolean> {
  try {
    const text = keyOfParameters(parameters) ?? visitor.key;
    visitor.caller = await recognised(mesh, text, visitor.address, visitor.requestId);
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    visitor.close(error.code === "UNAUTHENTICATED" ? CloseCode.Unauthorized : TRY_AGAIN_LATER, error.message);
    return false;
  }
  const { key } = visitor.caller;
  if (key === null || visitor.left) return true;
  visitor.release = mesh.keyring.hold(key.id, () =>
    visitor.close(CloseCode.Unauthorized, "this API key was revoked or has expired"),
  );
  return true;
}

/** Why a visitor may not do one more thing now, if so. */
export function refusedNow({ keyring, log }: ScanContext, { key }: Caller): readonly GraphQLError[] | undefined {
  if (key === null) return undefined;
  try {
    keyring.admit(key.id);
    return undefined;
  } catch (error) {
    return [presentError(error, log)];
  }
}
