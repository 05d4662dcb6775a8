/** The API key of this tab. It is never in a cookie or an address: a new tab asks the open ones for it. */

const NAME = "scanmesh-api-key";
const ANSWER_MS = 150;
/** Missing where the page came over plain HTTP from another host. */
const locks = navigator.locks as LockManager | undefined;
const channel = new BroadcastChannel(NAME);

type Message = { readonly wants: true } | { readonly key: string };

channel.addEventListener("message", ({ data }: MessageEvent<Message>) => {
  const key = currentKey();
  if ("wants" in data && key !== null) channel.postMessage({ key } satisfies Message);
});

/** The key, or null without one. */
export function currentKey(): string | null {
  return sessionStorage.getItem(NAME);
}

/** Whether a text can be sent as a key: unseen characters, which come along when a key is copied, cannot. */
export function canBeKey(text: string): boolean {
  return /^[\x21-\x7e]+$/.test(text);
}

export function keepKey(key: string): void {
  sessionStorage.setItem(NAME, key);
  sayThatKeyIsHeld();
}

/** Holds a lock, which ends with the tab: where nobody has it, no other tab need be waited for. */
function sayThatKeyIsHeld(): void {
  void locks?.request(NAME, { mode: "shared" }, () => new Promise(() => {}));
}

async function mayBeHeld(): Promise<boolean> {
  if (locks === undefined) return true;
  const { held = [] } = await locks.query();
  return held.some(({ name }) => name === NAME);
}

export function forgetKey(): void {
  sessionStorage.removeItem(NAME);
}

/** What carries the key, in a request or when a socket opens. */
export function keyHeader(): Record<string, string> {
  const key = currentKey();
  return key === null ? {} : { authorization: `Bearer ${key}` };
}

/** Takes the key that another tab has, if one answers soon. */
export async function askOtherTabs(): Promise<void> {
  if (currentKey() !== null) return sayThatKeyIsHeld();
  if (!(await mayBeHeld())) return;
  await new Promise<void>((resolve) => {
    const end = () => {
      clearTimeout(timer);
      channel.removeEventListener("message", take);
      resolve();
    };
    const take = ({ data }: MessageEvent<Message>) => {
      if (!("key" in data)) return;
      keepKey(data.key);
      end();
    };
    const timer = setTimeout(end, ANSWER_MS);
    channel.addEventListener("message", take);
    channel.postMessage({ wants: true } satisfies Message);
  });
}
