import { Unavailable } from "../contract.js";

/** This host cannot be given these bundles, and trying again does not help. The message is the reason in the agent's presence. */
export class BundleError extends Error {
  override readonly name = "BundleError";
}

/** Where something of a bundle comes from is away, such as a registry: trying again for a while may help. */
export class SourceAway extends Unavailable {
  override readonly name = "SourceAway";
  override readonly isPassing = true;
}
