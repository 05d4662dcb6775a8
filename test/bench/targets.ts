/** What is aimed at, and what is the least. */

/** A metric's target and floor. */
export interface Target {
  readonly better: "higher" | "lower";
  readonly target: number;
  readonly floor: number;
}

export const TARGETS = {
  "CONSTANTS.check": { better: "lower", target: 0.15, floor: 0.3 },
  "B0.T.spread": { better: "lower", target: 0.15, floor: 0.3 },
  "B0.64K.spread": { better: "lower", target: 0.15, floor: 0.3 },
  "B0.M.spread": { better: "lower", target: 0.15, floor: 0.3 },
  "B0.T.polling": { better: "lower", target: 0.02, floor: 0.05 },
  "B1.T": { better: "higher", target: 0.85, floor: 0.75 },
  "B1.M": { better: "higher", target: 0.92, floor: 0.85 },
  "B1c.M": { better: "higher", target: 0.25, floor: 0.15 },
  "B2.p50": { better: "lower", target: 1.35, floor: 1.8 },
  "B2.p99": { better: "lower", target: 2, floor: 3 },
  "B3.T.rate": { better: "higher", target: 0.65, floor: 0.5 },
  "B3.64K.rate": { better: "higher", target: 0.85, floor: 0.7 },
  "B3.M.rate": { better: "higher", target: 0.85, floor: 0.7 },
  "B3.T.cpu": { better: "lower", target: 1.5, floor: 2 },
  "B3.perMB": { better: "lower", target: 1.15, floor: 1.4 },
  "B3.perMB.agent": { better: "lower", target: 1.2, floor: 1.6 },
  "B4.service.run": { better: "lower", target: 1 / 100, floor: 1 / 50 },
  "B4.service.exec": { better: "lower", target: 1 / 15, floor: 2 / 15 },
  "B5.p50": { better: "lower", target: 6, floor: 15 },
  "B5.p99": { better: "lower", target: 20, floor: 50 },
  "B5.growth": { better: "lower", target: 1.2, floor: 1.5 },
  "B5.deep": { better: "lower", target: 1.2, floor: 1.5 },
  "B6.p50": { better: "lower", target: 4, floor: 10 },
  "B6.p99": { better: "lower", target: 15, floor: 40 },
  "B7.1000.p99": { better: "lower", target: 60, floor: 150 },
  "B7.1000.ratio": { better: "lower", target: 2.5, floor: 5 },
  "B7.1000.memory": { better: "lower", target: 40, floor: 80 },
  "B7.5000.p99": { better: "lower", target: 300, floor: 800 },
  "B7.5000.ratio": { better: "lower", target: 2.5, floor: 5 },
  "B7.5000.memory": { better: "lower", target: 40, floor: 80 },
  "B8.one": { better: "lower", target: 32, floor: 64 },
  "B8.eight": { better: "lower", target: 160, floor: 300 },
  "B8.base64": { better: "lower", target: 60, floor: 100 },
  B9: { better: "higher", target: 0.75, floor: 0.5 },
  "B9.rate": { better: "higher", target: 150, floor: 80 },
  B10: { better: "higher", target: 0.3, floor: 0.15 },
  "B10.memory": { better: "lower", target: 24, floor: 48 },
  "B11.1": { better: "higher", target: 0.97, floor: 0.9 },
  "B11.2": { better: "higher", target: 0.96, floor: 0.9 },
  "B11.4": { better: "higher", target: 0.94, floor: 0.9 },
  "B11.1.plan": { better: "lower", target: 0.15, floor: 0.3 },
  "B11.2.plan": { better: "lower", target: 0.15, floor: 0.3 },
  "B11.4.plan": { better: "lower", target: 0.15, floor: 0.3 },
  "B13.graphql": { better: "higher", target: 0.35, floor: 0.25 },
  "B13.rest": { better: "higher", target: 0.35, floor: 0.25 },
  B14: { better: "lower", target: 1.2, floor: 1.5 },
  B15: { better: "lower", target: 0.5, floor: 2 },
  B17: { better: "lower", target: 3, floor: 8 },
  "B20.T": { better: "higher", target: 100, floor: 50 },
  "B20.M": { better: "higher", target: 30, floor: 12 },
  "B21.gateway": { better: "lower", target: 0.8, floor: 2 },
  "B21.agent": { better: "lower", target: 1.5, floor: 4 },
  "B22.gateway.memory": { better: "lower", target: 120, floor: 200 },
  "B22.agent.memory": { better: "lower", target: 80, floor: 150 },
  "B22.gateway.cpu": { better: "lower", target: 0.5, floor: 1 },
  "B22.agent.cpu": { better: "lower", target: 0.5, floor: 1 },
  "B23.p50": { better: "lower", target: 1.25, floor: 2 },
  "B23.p99": { better: "lower", target: 2, floor: 4 },
  "B24.beside": { better: "lower", target: 2.1, floor: 2.5 },
  "B24.turn": { better: "lower", target: 1.1, floor: 1.3 },
  D1: { better: "lower", target: 800, floor: 1600 },
  D2: { better: "lower", target: 1200, floor: 2400 },
  "D3.input": { better: "lower", target: 100, floor: 200 },
  "D3.script": { better: "lower", target: 8, floor: 16 },
  D4: { better: "lower", target: 0.05, floor: 0.15 },
  "SEARCH.random": { better: "lower", target: 1, floor: 2 },
  "SEARCH.text": { better: "lower", target: 1, floor: 2 },
  "SEARCH.program": { better: "lower", target: 1, floor: 2 },
  "SEARCH.inspection": { better: "lower", target: 20, floor: 40 },
  "BOMBS.most": { better: "lower", target: 10, floor: 20 },
} as const satisfies Readonly<Record<string, Target>>;

/** What a figure reaches. */
export type Reached = "target" | "floor" | "below";

export function reached(value: number, { better, target, floor }: Target): Reached {
  const meets = (bound: number) => (better === "higher" ? value >= bound : value <= bound);
  if (meets(target)) return "target";
  return meets(floor) ? "floor" : "below";
}
