import { readdir, readFile, rename, rm, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Logger } from "pino";
import { createAbortController } from "../../schema/abort-controller.js";
import { bundleDigest, BundleManifest, type BundleFile, type ServedBundles } from "../../schema/bundle.js";
import { parseMessage } from "../../schema/messages.js";
import { hasCode, reasonOf } from "../contract.js";
import { BundleError } from "./bundle-error.js";
import {
  namesIn,
  parseManifest,
  readFreeBytes,
  removeOthers,
  requireRoom,
  requireThere,
  sizeOf,
  sumOf,
  wantedFiles,
  writeWhole,
} from "./bundle-files.js";
import { makeOwn, requireOwn } from "./bundle-folder.js";
import { isLoaded, loadImage, type BundleImages } from "./bundle-images.js";
import type { BundleReader } from "./bundle-reader.js";
import { createPace, fetchFile, isWhole } from "./fetch-file.js";
import { withLock } from "./lock.js";
import { imageFileOf, keyOf, makeFolder, planProvision, type KnownBundle, type Provision } from "./provision.js";
import {
  findRecord,
  listNeeded,
  readServed,
  recordOf,
  touchServed,
  writeServed,
  type RecordOwner,
  type ServedByEngine,
} from "./served.js";

const TOUCH_MS = 3_600_000;
/** Its folders; `images` has a file for each image that is on the Docker host because of a bundle. */
const PARTS = ["files", "manifests", "folders", "incoming", "agents", "images"] as const;

/** How bundles are fetched. */
export interface ProvideOptions {
  readonly signal: AbortSignal;
  /** Another agent of this host is at it. */
  readonly onWait: () => void;
  readonly onProgress: (bytes: number, total: number) => void;
}

/** The bundles of this host, which its agents share. */
export interface BundleStore {
  /**
   * What these bundles give an engine, once it is here. Throws {@link BundleError} if it cannot come, Unavailable while the mesh is away,
   * or the signal's reason.
   */
  provide(engine: string, bundles: ServedBundles, options: ProvideOptions): Promise<Provision>;
  /** The same of what is here already. Throws {@link BundleError} if something is missing. */
  recall(bundles: ServedBundles, signal: AbortSignal): Promise<Provision>;
  /** What this agent has written down last of what it serves. Throws {@link BundleError} if somebody else may have written it. */
  readServed(): Promise<ServedByEngine>;
  /** The same for whoever asks from outside, and may not know the agent's spool. */
  findServed(): Promise<ServedByEngine>;
  /** Says that the agent is there, so that others leave what it needs. It is said again by itself. */
  touch(): Promise<void>;
  /** Writes it down: other agents leave what it names. */
  writeServed(engines: ServedByEngine): Promise<void>;
  /** Bytes of all files together. */
  used(): Promise<number>;
  /** Removes what no agent of this host needs. It is done by itself, too, now and then. */
  tidy(signal: AbortSignal): Promise<void>;
  stop(): void;
}

/** Where bundles are kept. */
export interface BundleStoreOptions {
  readonly folder: string;
  readonly owner: RecordOwner;
  /** Most bytes of all files together. */
  readonly limit: number;
  readonly bytesPerSecond: number;
  readonly reader: BundleReader;
  readonly images: BundleImages;
  readonly log: Logger;
  /** Instead of asking the disk of a folder how many bytes are free. */
  readonly readFree?: ((folder: string) => number) | undefined;
  readonly staleLockMs?: number | undefined;
  /** How soon a chunk is asked for again. */
  readonly retryMs?: number | undefined;
}

/** Nothing is made on the disk before there is something to keep. */
export function createBundleStore(options: BundleStoreOptions): BundleStore {
  const { folder, limit, bytesPerSecond, reader, images, log, readFree = readFreeBytes, staleLockMs, retryMs } = options;
  const record = recordOf(options.owner);
  const [files, manifests, folders, incoming, agents, loaded] = PARTS.map((name) => join(folder, name)) as [
    string,
    string,
    string,
    string,
    string,
    string,
  ];
  const pace = createPace(bytesPerSecond);
  const fileOf = (sha256: string) => join(files, sha256);
  /** Files that this process has seen to be what they should. */
  const known = new Set<string>();
  const stopping = createAbortController();
  const keeping = setInterval(() => void keep(), TOUCH_MS).unref();

  async function keep(): Promise<void> {
    await touch();
    try {
      await tidy(stopping.signal);
    } catch (error) {
      if (!stopping.signal.aborted) log.warn({ err: error }, "Cannot remove bundles that nobody needs");
    }
  }

  async function touch(): Promise<void> {
    try {
      await touchServed(agents, record);
    } catch (error) {
      log.warn({ err: error }, "Cannot say that the bundles of this agent are needed");
    }
  }

  async function tidy(signal: AbortSignal): Promise<void> {
    if ((await namesIn(agents)).length === 0) return;
    await requireOwn(folder, PARTS);
    await locked({ signal }, async () => keepOnly(await listNeeded(agents)));
  }

  function locked<T>(how: { signal: AbortSignal; onWait?: () => void }, work: () => Promise<T>): Promise<T> {
    return withLock(join(folder, "lock"), { ...how, staleMs: staleLockMs }, work);
  }

  async function findManifest(digest: string): Promise<BundleManifest | undefined> {
    try {
      const bytes = await readFile(join(manifests, digest));
      return bundleDigest(bytes) === digest ? parseMessage(BundleManifest, bytes) : undefined;
    } catch (error) {
      if (hasCode(error, "ENOENT")) return undefined;
      throw error;
    }
  }

  async function fetchManifest(digest: string, signal: AbortSignal): Promise<BundleManifest> {
    const bytes = await reader.read(digest, 0);
    await pace(bytes?.length ?? 0, signal);
    if (bytes === undefined) throw new BundleError(`the mesh has no bundle ${digest}`);
    if (bundleDigest(bytes) !== digest) throw new BundleError(`the manifest of the bundle ${digest} was altered`);
    const manifest = parseManifest(bytes, digest);
    await writeWhole(join(manifests, digest), bytes);
    return manifest;
  }

  async function isHere(file: BundleFile, signal: AbortSignal): Promise<boolean> {
    if (!known.has(file.sha256)) {
      if (!(await isWhole(fileOf(file.sha256), file, signal))) return false;
      known.add(file.sha256);
    }
    return (await sizeOf(fileOf(file.sha256))) === file.size;
  }

  async function keepOnly(needed: readonly ServedBundles[]): Promise<void> {
    const digests = new Set(needed.flat().map(({ digest }) => digest));
    const kept = new Set<string>();
    const keptImages = new Set<string>();
    for (const digest of digests) {
      const manifest = await findManifest(digest);
      if (!manifest) continue;
      const saved = imageFileOf(manifest);
      for (const { sha256 } of manifest.files) if (sha256 !== saved?.sha256) kept.add(sha256);
      if (!manifest.image) continue;
      keptImages.add(manifest.image.id);
      if (saved && !(await isLoaded(images, manifest.image))) kept.add(saved.sha256);
    }
    await removeOthers(incoming, kept);
    await removeOthers(folders, new Set(needed.map(keyOf)));
    await removeOthers(manifests, digests);
    await removeOthers(files, kept);
    for (const id of await readdir(loaded)) if (!keptImages.has(id) && (await images.remove(id))) await rm(join(loaded, id));
  }

  async function countBytes(of: string): Promise<number> {
    const sizes = (await namesIn(of)).map((name) => sizeOf(join(of, name)));
    return sumOf((await Promise.all(sizes)).map((size) => size ?? 0));
  }

  async function fetch(engine: string, bundles: ServedBundles, { signal, onProgress }: ProvideOptions): Promise<Provision> {
    const found: KnownBundle[] = [];
    await keepOnly([...(await listNeeded(agents)), bundles]);
    for (const { set, digest } of bundles) {
      const manifest = (await findManifest(digest)) ?? (await fetchManifest(digest, signal));
      if (manifest.engine.toLowerCase() !== engine.toLowerCase() || manifest.set !== set)
        throw new BundleError(`the bundle ${digest} is for the set ${manifest.set} of ${manifest.engine}`);
      found.push({ set, digest, manifest });
    }
    const plan = planProvision(found, { folders, fileOf });
    const { image, folder: own } = plan.provision;
    const hasImage = image !== null && (await images.has(image));
    const wanted = wantedFiles(found, hasImage);
    const missing: typeof wanted = [];
    for (const file of wanted) if (!(await isHere(file, signal))) missing.push(file);
    const [total, left] = [wanted, missing].map((list) => sumOf(list.map(({ size }) => size))) as [number, number];
    const [used, arrived] = [await countBytes(files), await countBytes(incoming)];
    requireRoom({ folder, missing: left, used, limit, free: readFree(folder) + arrived });
    let bytes = total - left;
    onProgress(bytes, total);
    const onBytes = (more: number) => onProgress((bytes += more), total);
    for (const file of missing) {
      const arriving = join(incoming, file.sha256);
      await fetchFile(file, arriving, { reader, pace, signal, onBytes, retryMs });
      // ClamAV without a date of its own tells that of the newest file.
      if (file.date !== null) await utimes(arriving, new Date(file.date), new Date(file.date));
      await rename(arriving, fileOf(file.sha256));
      known.add(file.sha256);
    }
    // One that is there has links to what was wrong.
    if (own !== null && missing.length > 0) await rm(own, { recursive: true, force: true });
    if (own !== null) await makeFolder(own, plan.files, fileOf);
    if (image !== null && !hasImage) {
      await loadImage(images, image, signal);
      await writeFile(join(loaded, image.id), "");
    }
    if (image?.file) await rm(image.file, { force: true });
    return plan.provision;
  }

  return {
    async provide(engine, bundles, how) {
      try {
        await makeOwn(folder, PARTS);
        return await locked(how, () => fetch(engine, bundles, how));
      } catch (error) {
        if (hasCode(error, "ENOSPC", "EDQUOT", "EROFS", "EACCES", "EPERM", "EFBIG"))
          throw new BundleError(`its bundles cannot be kept in ${folder} (${reasonOf(error)})`, { cause: error });
        throw error;
      }
    },
    async recall(bundles, signal) {
      await requireOwn(folder, PARTS);
      const found: KnownBundle[] = [];
      for (const { set, digest } of bundles) {
        const manifest = await findManifest(digest);
        if (manifest === undefined) throw new BundleError(`the bundle ${digest} of the set ${set} is not in ${folder} any more`);
        found.push({ set, digest, manifest });
      }
      for (const file of wantedFiles(found, true))
        if (!(await isHere(file, signal)))
          throw new BundleError(`the file ${file.path} of its bundles in ${folder} is gone or damaged`);
      const { provision } = planProvision(found, { folders, fileOf });
      if (provision.folder !== null) await requireThere(provision.folder);
      return provision;
    },
    async readServed() {
      await requireOwn(folder, PARTS);
      return await readServed(agents, record);
    },
    async findServed() {
      await requireOwn(folder, PARTS);
      return await readServed(agents, await findRecord(agents, options.owner));
    },
    touch,
    async writeServed(engines) {
      await makeOwn(folder, PARTS);
      await writeServed(agents, record, engines);
    },
    used: () => countBytes(files),
    tidy,
    stop() {
      clearInterval(keeping);
      stopping.abort(new Error("the agent is stopping"));
    },
  };
}
