import { reasonOf } from "../../contract.js";

/** It takes milliseconds to fail like this, and happens to one start in a hundred where containers come and go all the time. */
const TRIES = 5;
/**
 * What Bubblewrap ends with, before it runs the program, if a mount of the host is removed while it makes all of them read-only: of
 * a container that ends, for example.
 */
const LOST_MOUNT = /bwrap: Can't bind mount \/oldroot\/ on \/newroot\/: .*(?:Invalid argument|No such file or directory)/;

/**
 * Starts a program again if its fence could not be made because a mount of the host was removed meanwhile. `saidBy` is what the
 * fence may have said of a start that did not throw.
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
