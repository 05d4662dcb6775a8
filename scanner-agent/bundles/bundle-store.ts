import { chmod, lstat, mkdir, readdir, readFile, rename, rm, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Logger } from "pino";
import { bundleDigest, BundleManifest, type BundleFile, type ServedBundles } from "../../schema/bundle.js";
import { parseMessage } from "../../schema/messages.js";
import { sizeText } from "../../schema/settings.js";
import { hasCode, reasonOf } from "../contract.js";
import { NEVER_ABORTED } from "../within.js";
import { BundleError } from "./bundle-error.js";
import {
  namesIn,
  parseManifest,
  readFreeBytes,
  removeOthers,
  requireThere,
  sizeOf,
  wantedFiles,
  writeWhole,
} from "./bundle-files.js";
import type { BundleImages } from "./bundle-images.js";
import type { BundleReader } from "./bundle-reader.js";
import { createPace, fetchFile, isWhole } from "./fetch-file.js";
import { withLock } from "./lock.js";
import { imageFileOf, keyOf, makeFolder, planProvision, type KnownBundle, type Provision } from "./provision.js";
import { listNeeded, readServed, touchServed, writeServed, type ServedByEngine } from "./served.js";

/** Space that must stay free on its disk. */
const RESERVE_BYTES = 64 * 1024 ** 2;
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
  recall(bundles: ServedBundles): Promise<Provision>;
  /** What this agent has written down last of what it serves. */
  readServed(): Promise<ServedByEngine>;
  /** Writes it down: other agents leave what it names. */
  writeServed(engines: ServedByEngine): Promise<void>;
  /** Bytes of all files together. */
  used(): Promise<number>;
  /** Removes what no agent of this host needs. */
  tidy(): Promise<void>;
  stop(): void;
}

/** Where bundles are kept. */
export interface BundleStoreOptions {
  readonly folder: string;
  readonly agent: string;
  /** Most bytes of all files together. */
  readonly limit: number;
  readonly bytesPerSecond: number;
  readonly reader: BundleReader;
  readonly images: BundleImages;
  readonly log: Logger;
  /** Instead of asking the disk of a folder how many bytes are free. */
  readonly readFree?: ((folder: string) => number) | undefined;
  readonly staleLockMs?: number | undefined;
}

/** Nothing is made on the disk before there is something to keep. */
export function createBundleStore(options: BundleStoreOptions): BundleStore {
  const { folder, agent, limit, bytesPerSecond, reader, images, log, readFree = readFreeBytes, staleLockMs } = options;
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
  const touching = setInterval(() => void touch(), TOUCH_MS).unref();

  async function touch(): Promise<void> {
    try {
      await touchServed(agents, agent);
    } catch (error) {
      log.warn({ err: error }, "Cannot say that the bundles of this agent are needed");
    }
  }

  function locked<T>(how: { signal: AbortSignal; onWait?: () => void }, work: () => Promise<T>): Promise<T> {
    return withLock(join(folder, "lock"), { ...how, staleMs: staleLockMs }, work);
  }

  async function open(): Promise<void> {
    await mkdir(folder, { recursive: true });
    const stats = await lstat(folder);
    if (!stats.isDirectory() || (process.getuid !== undefined && stats.uid !== process.getuid()))
      throw new BundleError(`${folder} belongs to somebody else: set SCANMESH_BUNDLES to a folder of the agent's own`);
    for (const one of [files, manifests, folders, incoming, agents, loaded]) await mkdir(one, { recursive: true });
    // What ClamAV's user and containers read is no secret.
    for (const one of [folder, files, folders]) await chmod(one, 0o755);
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

  async function fetchManifest(digest: string): Promise<BundleManifest> {
    const bytes = await reader.read(digest, 0);
    if (bytes === undefined) throw new BundleError(`the mesh has no bundle ${digest}`);
    if (bundleDigest(bytes) !== digest) throw new BundleError(`the manifest of the bundle ${digest} was altered`);
    const manifest = parseManifest(bytes, digest);
    await writeWhole(join(manifests, digest), bytes);
    return manifest;
  }

  async function isHere(file: BundleFile): Promise<boolean> {
    if (!known.has(file.sha256)) {
      if (!(await isWhole(fileOf(file.sha256), file))) return false;
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
      if (manifest?.image) keptImages.add(manifest.image.id);
      // A saved image is Docker's from the moment in which it has loaded it.
      if (manifest) for (const file of manifest.files) if (file !== imageFileOf(manifest)) kept.add(file.sha256);
    }
    await removeOthers(incoming, new Set());
    await removeOthers(folders, new Set(needed.map(keyOf)));
    await removeOthers(manifests, digests);
    await removeOthers(files, kept);
    for (const id of await readdir(loaded)) if (!keptImages.has(id) && (await images.remove(id))) await rm(join(loaded, id));
  }

  async function countUsed(): Promise<number> {
    const sizes = (await namesIn(files)).map((name) => sizeOf(fileOf(name)));
    return (await Promise.all(sizes)).map((size) => size ?? 0).reduce(sum, 0);
  }

  async function requireRoom(missing: number): Promise<void> {
    const used = await countUsed();
    if (used + missing > limit)
      throw new BundleError(
        `its bundles need ${sizeText(missing)} more, but SCANMESH_BUNDLES_DISK allows ${sizeText(limit)}, of which ${sizeText(used)} are taken`,
      );
    const free = readFree(folder) - RESERVE_BYTES;
    if (missing > free)
      throw new BundleError(
        `its bundles need ${sizeText(missing)}, but the disk of ${folder} has only ${sizeText(Math.max(0, free))} free`,
      );
  }

  async function fetch(engine: string, bundles: ServedBundles, options: ProvideOptions): Promise<Provision> {
    const found: KnownBundle[] = [];
    await keepOnly([...(await listNeeded(agents)), bundles]);
    for (const { set, digest } of bundles) {
      const manifest = (await findManifest(digest)) ?? (await fetchManifest(digest));
      if (manifest.engine.toLowerCase() !== engine.toLowerCase() || manifest.set !== set)
        throw new BundleError(`the bundle ${digest} is for the set ${manifest.set} of ${manifest.engine}`);
      found.push({ set, digest, manifest });
    }
    const plan = planProvision(found, { folders, fileOf });
    const { image, folder: own } = plan.provision;
    const hasImage = image !== null && (await images.has(image));
    const wanted = wantedFiles(found, hasImage);
    const missing: typeof wanted = [];
    for (const file of wanted) if (!(await isHere(file))) missing.push(file);
    const [total, left] = [wanted, missing].map((list) => list.map(({ size }) => size).reduce(sum, 0)) as [number, number];
    await requireRoom(left);
    let bytes = total - left;
    options.onProgress(bytes, total);
    const onBytes = (more: number) => options.onProgress((bytes += more), total);
    for (const file of missing) {
      const arriving = join(incoming, file.sha256);
      await rm(arriving, { force: true });
      await fetchFile(file, arriving, { reader, pace, signal: options.signal, onBytes });
      // ClamAV without a date of its own tells that of the newest file.
      if (file.date !== null) await utimes(arriving, new Date(file.date), new Date(file.date));
      await rename(arriving, fileOf(file.sha256));
      known.add(file.sha256);
    }
    // One that is there has links to what was wrong.
    if (own !== null && missing.length > 0) await rm(own, { recursive: true, force: true });
    if (own !== null) await makeFolder(own, plan.files, fileOf);
    if (image !== null && !hasImage) {
      await images.load(image);
      await writeFile(join(loaded, image.id), "");
    }
    if (image?.file) await rm(image.file, { force: true });
    return plan.provision;
  }

  return {
    async provide(engine, bundles, how) {
      try {
        await open();
        return await locked(how, () => fetch(engine, bundles, how));
      } catch (error) {
        if (hasCode(error, "ENOSPC", "EDQUOT", "EROFS", "EACCES", "EPERM", "EFBIG"))
          throw new BundleError(`its bundles cannot be kept in ${folder} (${reasonOf(error)})`, { cause: error });
        throw error;
      }
    },
    async recall(bundles) {
      const found: KnownBundle[] = [];
      for (const { set, digest } of bundles) {
        const manifest = await findManifest(digest);
        if (manifest === undefined) throw new BundleError(`the bundle ${digest} of the set ${set} is not in ${folder} any more`);
        found.push({ set, digest, manifest });
      }
      for (const file of wantedFiles(found, true))
        if (!(await isHere(file))) throw new BundleError(`the file ${file.path} of its bundles in ${folder} is gone or damaged`);
      const { provision } = planProvision(found, { folders, fileOf });
      if (provision.folder !== null) await requireThere(provision.folder);
      return provision;
    },
    readServed: () => readServed(agents, agent),
    async writeServed(engines) {
      await open();
      await writeServed(agents, agent, engines);
    },
    used: countUsed,
    tidy: () => locked({ signal: NEVER_ABORTED }, async () => keepOnly(await listNeeded(agents))),
    stop: () => clearInterval(touching),
  };
}

function sum(one: number, other: number): number {
  return one + other;
}
