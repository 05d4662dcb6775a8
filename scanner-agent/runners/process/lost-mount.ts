import { reasonOf } from "../../contract.js";

/** Such a failure takes milliseconds, and affects one start in a hundred on hosts whose containers come and go all the time. */
const TRIES = 5;
/**
 * How Bubblewrap fails, before it runs the program, if a mount of the host is removed while it makes all mounts read-only: for example that
 * of a container that ends.
 */
const LOST_MOUNT = /bwrap: Can't bind mount \/oldroot\/ on \/newroot\/: .*(?:Invalid argument|No such file or directory)/;

/**
 * Starts a program again if its fence failed because a mount of the host was removed meanwhile. `saidBy` returns what the fence may have
 * printed in a start that did not throw.
 */
export async function retryLostMount<T>(start: () => Promise<T>, saidBy: (outcome: T) => string = () => ""): Promise<T> {
  for (let tries = 1; tries < TRIES; tries += 1) {
    try {
      const outcome = await start();
      if (!LOST_MOUNT.test(saidBy(outcome))) return outcome;
    } catch (error) {
      if (!LOST_MOUNT.test(reasonOf(error))) throw error;
    }
  }
  return await start();
}
