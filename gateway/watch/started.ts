import type { Live } from "./live.js";

/** The same items, once the first is there: a subscription that cannot start is refused, not broken off. */
export async function started<T>(items: Live<T>): Promise<Live<T>> {
  await items.begun();
  return items;
}
