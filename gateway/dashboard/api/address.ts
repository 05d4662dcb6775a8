/** Where the gateway is: beside this page, whatever path a proxy serves it below. */

/** An address of the gateway, from a path without a slash at its beginning. */
export function address(path: string): string {
  return new URL(path, new URL(".", document.baseURI)).href;
}

/** The address of its WebSocket. */
export function socketAddress(): string {
  return address("graphql").replace(/^http/, "ws");
}
