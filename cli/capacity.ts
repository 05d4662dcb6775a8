/** `npm run capacity`: what a number of scans needs of hosts, disks, NATS and Postgres, from measured constants. */

import { Command } from "commander";
import { CONSTANTS_FILE, readConstants } from "./capacity-constants.js";
import { readDemand, type Given } from "./capacity-input.js";
import { planCapacity } from "./capacity-plan.js";
import { capacityTables } from "./capacity-tables.js";
import { print, runCommand } from "./command.js";

interface Options extends Given {
  readonly constants: string;
  readonly json: boolean;
}

const program = new Command("capacity")
  .description("Tells what a number of scans needs, from constants that the benchmarks have measured.")
  .requiredOption("--scans-per-hour <number>", "scans in the busiest hour")
  .requiredOption("--mean-size <size>", "of a sample, e.g. 300KB")
  .requiredOption(
    "--engines <list>",
    "engines and what a sample costs them: 2ms and 40ms/MB are time of a core, 200ms-wait is time in which it only waits, @8 is " +
      "slots a host, e.g. ClamAV,av:40ms/MB+2ms,cloud:200ms-wait@8; a name alone is an engine whose cost was measured",
  )
  .option("--slots-per-host <number>", "of each engine without @; default: as many as --cores")
  .option("--cores <number>", "of a host with agents", "8")
  .option("--days <number>", "for which samples and reports are kept", "90")
  .option("--unique <share>", "of samples whose bytes were not there before", "1")
  .option("--utilisation <share>", "of its time for which a slot or a core may be busy", "0.7")
  .option("--constants <file>", "constants measured on another machine", CONSTANTS_FILE)
  .option("--json", "the plan as one JSON document", false)
  .action(({ constants: file, json, ...given }: Options) => {
    const constants = readConstants(file);
    const demand = readDemand(given, constants);
    const plan = planCapacity(demand, constants);
    const { machine, doubts } = constants;
    print(
      json ? JSON.stringify({ demand, plan, measured: { machine, doubts } }, null, 2) : capacityTables(plan, demand, constants),
    );
  });

await runCommand(program);
