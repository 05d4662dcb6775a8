import { expect, it } from "vitest";
import { cliSettings, databaseSettings } from "../../cli/config.js";
import { gatewaySettings } from "../../gateway/config.js";
import { agentSettings } from "../../scanner-agent/config.js";
import type { Settings } from "../../schema/settings.js";
import { standaloneSettings } from "../../standalone/config.js";

const PARTS: Readonly<Record<string, Settings>> = {
  up: standaloneSettings,
  gateway: gatewaySettings,
  agent: agentSettings,
  scan: cliSettings,
  database: databaseSettings,
};

it.each(Object.entries(PARTS))("every setting of %s has a type with a name, and an example that it reads", (_, settings) => {
  const wrong = Object.entries(settings).filter(([, { type, example }]) => !type.description || !type.safeParse(example).success);
  expect(wrong).toEqual([]);
});
