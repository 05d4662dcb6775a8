/** A plan as tables for people. */

import { textTable } from "../schema/text-table.js";
import type { Constants } from "./capacity-constants.js";
import type { Demand } from "./capacity-input.js";
import type { Plan } from "./capacity-plan.js";

export function capacityTables(plan: Plan, demand: Demand, constants: Constants): string {
  const { engines, meanMB, cores, days, utilisation } = demand;
  const busy = percent(utilisation);
  return [
    `${short(demand.scansPerHour)} scans an hour (${short(plan.scansPerSecond)} a second) of ${short(meanMB)} MB by ${engines.length} ${engines.length === 1 ? "engine" : "engines"}`,
    section("Engines", [
      ["engine", "ms a sample", "slots", "slots a host", "cores busy", "hosts for it"],
      ...plan.engines.map(({ name, serviceMs, slots, cores: used, hosts }, i) => [
        name,
        short(serviceMs),
        short(slots),
        short(engines[i]?.slots ?? 0),
        short(used),
        short(hosts),
      ]),
    ]),
    `Slots and cores are planned to be busy for ${busy} of their time (--utilisation): samples come at random, and at 90 % they`,
    "wait nine times as long as they are scanned, at 70 % about twice, with one slot; with more slots less.",
    section("Hosts and gateways", [
      ["what", "number", "cores busy", "network"],
      [
        `hosts of ${cores} cores with all engines`,
        short(plan.hosts),
        short(plan.hostCores),
        `${short(plan.network.hostIn)} Mbit/s in, each`,
      ],
      [
        "gateways",
        short(plan.gateways.count),
        short(plan.gateways.cores),
        `${short(plan.network.gatewayInAndOut)} Mbit/s in and out, all`,
      ],
    ]),
    `A sample is fetched by ${short(plan.fetches)} hosts on average: a host fetches it once for all of its engines.`,
    section(`Disk, for ${short(days)} days`, [
      ["what", "GB", "GB per million scans"],
      ["samples, at NATS", short(plan.samples.diskGB), short(plan.samples.diskGBPerMillion)],
      ["reports, at Postgres", short(plan.rows.diskGB), short(plan.rows.diskGBPerMillion)],
    ]),
    section("Load, on average", [
      ["part", "cores busy", "load"],
      [
        "NATS",
        short(plan.nats.cores),
        `${short(plan.nats.messages)} messages/s, ${short(plan.nats.inMB)} MB/s in, ${short(plan.nats.outMB)} MB/s out`,
      ],
      [
        "Postgres",
        short(plan.postgres.cores),
        `${short(plan.postgres.statements)} statements/s, ${short(plan.postgres.commits)} commits/s, ${short(plan.postgres.walMB)} MB/s of write-ahead log`,
      ],
    ]),
    "Statements and commits are those of a busy mesh, which shares them among scans; a mesh with little to do takes more for each scan.",
    section(`What one of each takes on a machine of its own like the measured one, busy for ${busy}`, [
      ["part", "used up", "scans an hour", "used by this plan"],
      ...plan.limits.map(({ part, bound, scansPerHour }) => [
        part,
        bound,
        short(scansPerHour),
        percent((demand.scansPerHour / scansPerHour) * utilisation),
      ]),
    ]),
    bottleneck(plan, demand),
    "",
    provenance(constants),
  ].join("\n");
}

/** The part that is full first; gateways and hosts can be more, NATS and Postgres are one each. */
function bottleneck({ limits, gateways }: Plan, { scansPerHour }: Demand): string {
  const [least] = limits;
  const single = limits.find(({ part }) => part !== "one gateway");
  if (least === undefined || single === undefined) return "";
  const first = `The bottleneck is ${least.part} (${least.bound}), at ${short(least.scansPerHour)} scans an hour.`;
  const more =
    least === single
      ? ""
      : ` More gateways take more (this plan has ${gateways.count}); then it is ${single.part} (${single.bound}), at ${short(single.scansPerHour)}.`;
  const beyond =
    scansPerHour > single.scansPerHour
      ? `\nThis plan is beyond it: ${single.part} needs a larger machine than the measured one.`
      : "";
  return `${first}${more}${beyond}`;
}

function provenance({ machine, doubts }: Constants): string {
  const software = ["scanmesh", "node", "postgres", "nats-server"].map((name) => `${name} ${machine.versions[name] ?? "–"}`);
  return [
    `Measured on ${machine.date.slice(0, 10)}: ${machine.cores} cores, ${machine.processor}, ${machine.memoryGiB} GiB; ${software.join(", ")}.`,
    ...doubts.map((doubt) => `! ${doubt}`),
    "Measure your own machine: npm run bench -- --only CONSTANTS --write-constants FILE, then --constants FILE here.",
  ].join("\n");
}

function section(title: string, rows: readonly (readonly string[])[]): string {
  return `\n${title}\n${textTable(rows)}`;
}

function short(value: number): string {
  if (value === 0) return "0";
  if (Math.abs(value) < 1_000) return String(Number(value.toPrecision(3)));
  return Math.round(value).toLocaleString("en");
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
