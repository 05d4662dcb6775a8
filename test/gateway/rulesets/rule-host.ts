/** Hosts that check and try rulesets as tests say. */

import { randomUUID } from "node:crypto";
import { afterEach } from "vitest";
import type { InternetClass } from "../../../schema/classes.js";
import { Control } from "../../../schema/control.js";
import { parseMessage } from "../../../schema/messages.js";
import type { Presence } from "../../../schema/presence.js";
import type { RuleJob, RuleOrder } from "../../../schema/rule-job.js";
import { controlSubject } from "../../../schema/subjects.js";
import { engine, startPuppet, type PuppetAgent } from "../../stage/puppet-agent.js";
import { until, type LocalGateway, type Stage } from "../../stage/stage.js";
import { create, untilVersion, type ShownVersion } from "./ruleset-client.js";

/** A host of Yara, and what it was told last. */
export interface RuleHost {
  readonly id: string;
  orders(): readonly RuleOrder[];
  /** Whether it was told that it has no jobs. */
  isToldNone(): boolean;
  order(of: ShownVersion): Promise<RuleOrder>;
  /** Shows these jobs and no others. */
  show(...jobs: Partial<RuleJob>[]): Promise<void>;
  /** Changes what else it says of itself from now on, and shows these jobs and no others. */
  become(changes: Partial<Presence>, ...jobs: Partial<RuleJob>[]): Promise<void>;
  leave(): Promise<void>;
}

/** Makes such hosts, and versions for them; after each test none is left. */
export function useRuleHosts(stage: Stage, gateway: LocalGateway) {
  const puppets: PuppetAgent[] = [];
  let count = 0;

  async function host(id = `host-${randomUUID().slice(0, 8)}`, internet: InternetClass = "isolated"): Promise<RuleHost> {
    const puppet = await startPuppet(stage, id, [engine("Yara", { type: "METADATA" })], internet);
    let orders: readonly RuleOrder[] | undefined;
    let itself: Partial<Presence> = { startedAt: new Date().toISOString() };
    puppet.nc.subscribe(controlSubject(id), {
      callback(_, { data }) {
        const told = parseMessage(Control, data);
        if (told.kind === "rules") orders = told.jobs;
      },
    });
    const made: RuleHost = {
      id,
      orders: () => orders ?? [],
      isToldNone: () => orders?.length === 0,
      async order(version) {
        const { digest } = await stage.db
          .selectFrom("ruleset_versions")
          .select("digest")
          .where("id", "=", Number(version.id))
          .executeTakeFirstOrThrow();
        return until(`${id} is told of ${version.name}`, () => orders?.find((one) => one.digest === digest));
      },
      async show(...jobs) {
        const none = {
          state: "RUNNING" as const,
          reason: null,
          done: 0,
          total: 0,
          check: null,
          taken: null,
          piece: null,
          tried: [],
        };
        // Only what it is told after this counts.
        orders = undefined;
        await puppet.announce([], {
          ...itself,
          rules: { engines: ["Yara"], jobs: jobs.map((job) => ({ ...none, job: randomUUID(), ...job })) },
        });
      },
      async become(changes, ...jobs) {
        itself = { ...itself, ...changes };
        await made.show(...jobs);
      },
      leave: () => puppet.leave(),
    };
    await made.show();
    puppets.push(puppet);
    return made;
  }

  afterEach(async () => {
    await stage.db.deleteFrom("ruleset_versions").execute();
    for (const puppet of puppets.splice(0)) {
      await puppet.leave();
      await puppet.close();
    }
    await until("no host is there", () => gateway.context.fleet.agents().length === 0);
  });

  async function draft(): Promise<ShownVersion> {
    return (await create(gateway.url, `own-${(count += 1)}`, { "a.yar": "rule A { condition: true }" })).version;
  }

  /** A version that a host has found nothing wrong with. */
  async function ready(by: RuleHost): Promise<ShownVersion> {
    const version = await draft();
    const { job } = await by.order(version);
    await by.show({ job, state: "DONE", check: { rules: 1, mistakes: [], omitted: 0 } });
    return untilVersion(gateway.url, version.id, "it is ready", ({ state }) => state === "READY");
  }

  return { host, draft, ready, puppets };
}
