import { OperatorError } from "../schema/operator-error.js";

/** The address of a path of the gateway; the gateway may itself stand below a path. */
export function gatewayAddress(url: string, path: string): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname.replace(/\/+$/, "")}${path}`;
}

/** No gateway has answered; what was asked for may work when one does. */
export class Unreachable extends OperatorError {
  override readonly name = "Unreachable";
}

/** A gateway that cannot be reached, as the error of an attempt tells. */
export function unreachable(url: string, error: unknown): Unreachable {
  const { code, message } = ((error as Error).cause ?? error) as NodeJS.ErrnoException;
  return new Unreachable(`The gateway at ${placeOf(url)} cannot be reached: ${code ?? message ?? "the connection was closed"}.`, {
    cause: error,
  });
}

/** A gateway that asks for a key that was not given. */
export function keyNeeded(url: string): OperatorError {
  return new OperatorError(
    `The gateway at ${placeOf(url)} asks for an API key: name one in SCANMESH_API_KEY or by --key (npm run api-keys makes one).`,
  );
}

/** Something else that answers in a gateway's place. */
export function notAGateway(url: string): Unreachable {
  return new Unreachable(`What answers at ${placeOf(url)} is not a ScanMesh gateway.`);
}

/** An answer of which the rest is missing. */
export function answerCut(url: string, cause: unknown): Unreachable {
  return new Unreachable(`What the gateway at ${placeOf(url)} answered did not arrive whole.`, { cause });
}

/** Where a gateway is, without what an address may hold besides. */
function placeOf(url: string): string {
  return gatewayAddress(url, "");
}
