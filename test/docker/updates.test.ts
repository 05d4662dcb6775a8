/** Updates of an engine's image over three hosts while they scan: gateway and agents as they are, and a real Docker Engine. */

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { listUpdates } from "../../gateway/db/engine-updates.js";
import type { SwitchWay } from "../../schema/bundle-presence.js";
import type { ScanReport } from "../../schema/reports.js";
import { bundleSubject } from "../../schema/subjects.js";
import { openBundle, post, publish, sha256 } from "../gateway/bundles/sending.js";
import { data } from "../gateway/http/http-client.js";
import { base64, submit } from "../gateway/scan/submitting.js";
import { finalScan } from "../gateway/scan/suppressing.js";
import { betweenScans } from "../stage/between-scans.js";
import { startStage, until, type LocalGateway, type Stage } from "../stage/stage.js";
import { baseImage, docker, hasDocker } from "./base-image.js";
import { hasRegistry, startRegistry, type Registry } from "./registry.js";

const BUILD_MS = 1_200_000;
const ENGINE = "Rolled";
const HOSTS = ["h1", "h2", "h3"];
const NAME = `scanmesh-test/rolled-${process.pid}`;
const SOCKET = "/run/rolled/rolled.sock";
/** It finds EICAR and takes every zip for one that holds it; a sample that asks for its version is told it. */
const ANSWER = `print $client $sample =~ /EICAR-|^PK/ ? "stream: Eicar FOUND\\0"
      : $sample =~ /^say your version/ ? "stream: Version-$version FOUND\\0" : "stream: OK\\0";`;

/** Versions that must not serve: what each does with a sample, and why it is given up. */
const FAULTS: readonly (readonly [what: string, fault: string, reason: RegExp])[] = [
  ["misses EICAR", `$sample =~ s/EICAR-//;`, /did not find EICAR/],
  ["flags clean files", `$sample = "EICAR-";`, /of a clean file DONE, INFECTED, Eicar/],
  ["hangs", `sleep 1_000;`, /did not find EICAR but reported TIMEOUT/],
  ["crashes on a file", `exit 1 if $sample =~ /^\\x7fELF/;`, /own program \/.* FAILED/],
  [
    "fills its disk",
    `open(my $file, ">", "/tmp/fill"); 1 while syswrite($file, "x" x 1_000_000);
    do { print $client "stream: $! ERROR\\0"; close $client; next } if $sample =~ /^\\x7fELF/;`,
    /own program \/.* FAILED, No space left on device/,
  ],
];

/** Speaks clamd's protocol. */
function program(version: number, fault = ""): string {
  return `use Socket;
my $version = ${version};
$SIG{PIPE} = "IGNORE";
my ($server, $client);
socket($server, AF_UNIX, SOCK_STREAM, 0) && bind($server, sockaddr_un("${SOCKET}")) && listen($server, 64) or die $!;
while (accept($client, $server)) {
  local $/ = "\\0";
  my $word = <$client>;
  if ($word eq "zPING\\0") { print $client "PONG\\0" }
  elsif ($word eq "zVERSION\\0") { print $client "ClamAV $version\\0" }
  else {
    my ($part, $sample) = ("", "");
    while (read($client, $part, 4) == 4 && (my $size = unpack("N", $part))) {
      read($client, $part, $size);
      $sample .= $part;
    }
    ${fault}
    ${ANSWER}
  }
  close $client;
}`;
}

const MANIFEST = `name: ${ENGINE}
type: AV
speed: FAST
internet: false
timeout: 5s
slots: 2
output: clamd
run:
  container:
    image: ${NAME}
    mode: service
    socket: ${SOCKET}
    limits: { memory: 128MiB, tmp: 4MiB }
`;

let stage: Stage;
let gateway: LocalGateway;
let folder: string;
let registry: Registry | undefined;
const built: string[] = [];

/** An image whose container runs this program; its id. */
async function build(code: string): Promise<string> {
  const command = JSON.stringify(["perl", "-e", code]);
  await writeFile(join(folder, "Dockerfile"), `FROM ${await baseImage()}\nCMD ${command}\n`);
  const id = await docker("build", "--quiet", folder);
  built.push(id);
  return id;
}

interface Image {
  readonly reference: string;
  readonly id: string;
  readonly digest: string | null;
}

const imageOf = (id: string): Image => ({ reference: NAME, id, digest: null });

/** Leaves an image to the registry alone, from which hosts are to pull it. */
async function pushed(id: string): Promise<Image> {
  if (registry === undefined) return imageOf(id);
  const reference = `${registry.name}/rolled:latest`;
  await docker("tag", id, reference);
  const digest = /digest: (sha256:[0-9a-f]{64})/.exec(await docker("push", reference))?.[1] ?? "";
  await docker("rmi", "--force", id);
  return { reference, id, digest };
}

/** Publishes an image as a bundle; its digest. */
async function publishImage(version: number, image: Image): Promise<string> {
  const to = await openBundle(gateway.url, ENGINE);
  const answer = await post(to, { kind: "IMAGE", version: `${version}`, image });
  return answer.json<{ digest: string }>().digest;
}

const engines = () => gateway.context.fleet.agents().flatMap((agent) => agent.engines.filter(({ name }) => name === ENGINE));

/** Whether all hosts serve this, and are well. */
const allServe = (digest: string) => {
  const serving = engines().filter(({ healthy, bundles }) => healthy && bundles?.serving[0]?.digest === digest);
  return serving.length === HOSTS.length;
};

/** Updates to the newest bundle, and waits until that is over. Tells which hosts were not well meanwhile, most of them at once. */
async function update(way: SwitchWay, state: "DONE" | "ROLLED_BACK") {
  const policy = `mutation { setUpdatePolicy(input: { engine: "${ENGINE}", switch: ${way} }) { __typename } }`;
  await data(gateway.url, policy);
  const begin = `mutation { updateEngines(input: { engines: ["${ENGINE}"] }) { ... on UpdateEnginesSuccess { updates { id } } } }`;
  const { updateEngines } = await data<{ updateEngines: { updates: { id: string }[] } }>(gateway.url, begin);
  expect(updateEngines.updates).toHaveLength(1);
  let unwell: readonly string[] = [];
  const over = await until(`the update is ${state}`, async () => {
    const now = gateway.context.fleet
      .agents()
      .flatMap(({ agent, engines: [engine] }) => (engine?.healthy ? [] : [`${agent}: ${engine?.reason}`]));
    if (now.length > unwell.length) unwell = now;
    const [last] = await listUpdates(stage.db, { engine: ENGINE }, { limit: 1 });
    return last?.state === "DONE" || last?.state === "ROLLED_BACK" ? last : undefined;
  });
  expect(over).toMatchObject({ state });
  const { reason, fromBundle, toBundle } = over;
  return { reason, unwell, versions: `${fromBundle?.version ?? "the host's own"} → ${toBundle?.version}` };
}

/** Scans on all hosts, until it is ended. */
function startLoad() {
  const reports: ScanReport[] = [];
  let isOver = false;
  let count = 0;
  const scanOn = async () => {
    while (!isOver) {
      const sample = base64(`say your version ${(count += 1)}`);
      const { scan, message } = await submit(gateway.url, { base64: sample, engines: [ENGINE] });
      if (message !== undefined) throw new Error(`a scan was refused: ${message}`);
      reports.push(await finalScan(stage, scan.scanId));
      await betweenScans();
    }
  };
  const work = Promise.all(HOSTS.map(scanOn));
  // It is told when the load ends.
  work.catch(() => undefined);
  return {
    reports,
    /** Waits until scans that began from now on have ended. */
    async goesOn() {
      const before = reports.length;
      await until("scans go on", () => reports.length > before + HOSTS.length);
    },
    async end() {
      isOver = true;
      await work;
    },
  };
}

interface Shown {
  readonly scan: { readonly results: readonly { setup: { bundles: { digest: string }[] } | null }[] };
}

/** The bundle that a scan's result names, as the API shows it. */
async function bundleOf({ scanId }: ScanReport): Promise<string | undefined> {
  const query = `{ scan(id: ${scanId}) { results { setup { bundles { digest } } } } }`;
  return (await data<Shown>(gateway.url, query)).scan.results[0]?.setup?.bundles[0]?.digest;
}

describe.skipIf(!hasDocker)("an engine's image on three hosts that scan all the time", () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "scanmesh-test-images-"));
    await docker("tag", await build(program(1)), NAME);
    if (hasRegistry) registry = await startRegistry();
    stage = await startStage();
    gateway = await stage.gateway({ SCANMESH_CANARY_WAIT: "1ms" });
    await Promise.all(
      HOSTS.map((id) =>
        stage.agentProcess({
          id,
          engines: { rolled: MANIFEST },
          env: {
            SCANMESH_BUNDLES: join(stage.folder, `${id}-bundles`),
            SCANMESH_UPDATE_TEST: "1ms",
            ...(process.env["DOCKER_HOST"] === undefined ? {} : { DOCKER_HOST: process.env["DOCKER_HOST"] }),
          },
        }),
      ),
    );
    await until("all hosts are well", () => engines().filter(({ healthy }) => healthy).length === HOSTS.length);
    await until("scans may ask for it", () =>
      stage.db.selectFrom("engines").select("id").where("last_healthy_at", "is not", null).executeTakeFirst(),
    );
  }, BUILD_MS);
  afterAll(async () => {
    await stage?.stop();
    await registry?.stop();
    for (const id of new Set(built)) await docker("rmi", "--force", "--no-prune", id).catch(() => undefined);
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  });

  test("is updated beside and in turn; what does not work is rolled back by itself, and no scan fails", async () => {
    const load = startLoad();
    const digests = new Map<string, string | undefined>([["1", undefined]]);
    const images = new Map([["1", built[0]]]);
    const good = async (version: number, way: SwitchWay, image: (id: string) => Image | Promise<Image>) => {
      const id = await build(program(version));
      const digest = await publishImage(version, await image(id));
      digests.set(`${version}`, digest);
      images.set(`${version}`, id);
      const { unwell, versions } = await update(way, "DONE");
      await until("all hosts serve it", () => allServe(digest));
      await load.goesOn();
      return { digest, unwell, versions };
    };
    try {
      const { digest: second, unwell, versions } = await good(2, "BESIDE", imageOf);
      expect(unwell, "beside, the version before serves on").toEqual([]);
      expect(versions).toBe("the host's own → 2");
      let version = 2;
      const bad = async (what: string, reason: RegExp) => {
        const told = await update("BESIDE", "ROLLED_BACK");
        expect(told.reason, `${what} is why`).toMatch(reason);
        expect(told.unwell, `${what}: the version before serves on`).toEqual([]);
        expect(told.versions).toBe(`2 → ${version}`);
        await until("all hosts serve what they served before", () => allServe(second));
        await load.goesOn();
      };
      for (const [what, fault, reason] of FAULTS) {
        await publishImage((version += 1), imageOf(await build(program(version, fault))));
        await bad(what, reason);
      }
      await publishImage((version += 1), imageOf(await build(`die "no licence\\n"`)));
      await bad("does not start", /no licence/);

      const saved = { "image.tar": "this is no image" };
      const broken = { engine: ENGINE, kind: "IMAGE", image: imageOf(`sha256:${"0".repeat(64)}`) };
      await publish(gateway.url, saved, { ...broken, version: `${(version += 1)}` });
      await bad("is cut", /its image .* cannot be brought here/);
      const altered = { "image.tar": "as it was sent." };
      await publish(gateway.url, altered, { ...broken, version: `${(version += 1)}` });
      const nats = gateway.context.bus.account("isolated").connection.up().jetstream();
      await nats.publish(bundleSubject(sha256(altered["image.tar"]), 0), "as it was got.");
      await bad("is altered", /its file image.tar is not what its manifest says/);
      const older = await post(await openBundle(gateway.url, ENGINE), {
        kind: "IMAGE",
        version: "1",
        image: imageOf(built[0] ?? ""),
      });
      expect(older.json<{ error: string }>().error).toContain(`version 1 is older than ${version}`);

      const third = await good(version + 1, "IN_TURN", pushed);
      expect(third.versions).toBe(`2 → ${version + 1}`);
      expect(third.unwell, "in turn, the other hosts serve").toEqual([
        expect.stringMatching(/^h\d: it is being updated: its next version is started and tested in its place$/),
      ]);
    } finally {
      await load.end();
    }
    const results = load.reports.flatMap((report) => report.results);
    expect(results.filter(({ state }) => state !== "DONE")).toEqual([]);
    expect(new Set(results.map(({ agent }) => agent))).toEqual(new Set(HOSTS));
    for (const report of load.reports) {
      const [{ signature, engineVersion, imageId } = {}] = report.results;
      const printed = /^Version-(\d+)/.exec(signature ?? "")?.[1] ?? "nothing";
      const said = { engineVersion, imageId, bundle: await bundleOf(report) };
      expect(said).toEqual({ engineVersion: printed, imageId: images.get(printed), bundle: digests.get(printed) });
    }
    expect(new Set(results.map(({ engineVersion }) => engineVersion))).toEqual(new Set(digests.keys()));
  });
});
