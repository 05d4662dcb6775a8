/** This host cannot be given these bundles, and trying again does not help. The message is the reason in the agent's presence. */
export class BundleError extends Error {
  override readonly name = "BundleError";
}
