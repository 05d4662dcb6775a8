import { useQuery } from "urql";
import { Link } from "wouter";
import { ReadRates, type HomeEngineFragment } from "../../generated/home.ts";
import { failsOften, slowEngines } from "../../parts/engine-rates.ts";
import { Name } from "../../parts/name.tsx";

/** The engines that somebody should look after: each kind by name. */
export function EngineTroubles({ engines }: { engines: readonly HomeEngineFragment[] }) {
  const [{ data }] = useQuery({ query: ReadRates });
  const rates = data?.stats.engines ?? [];
  const inUse = engines.filter(({ enabled }) => enabled);
  const failing = new Set(rates.filter(failsOften).map(({ engine }) => engine));
  const slow = slowEngines(engines, rates);
  const kinds = [
    ["is unhealthy or away", "are unhealthy or away", inUse.filter(({ available }) => !available)],
    ["is switched off", "are switched off", engines.filter(({ enabled }) => !enabled)],
    ["fails often today", "fail often today", inUse.filter(({ name }) => failing.has(name))],
    ["is slow today", "are slow today", inUse.filter(({ name }) => slow.has(name))],
  ] as const;
  const found = kinds.filter(([, , those]) => those.length > 0);
  if (found.length === 0) return null;
  return (
    <ul className="items">
      {found.map(([one, many, those]) => (
        <li key={one}>
          <Link href="/engines">{those.length === 1 ? `1 engine ${one}` : `${those.length} engines ${many}`}</Link>:{" "}
          <Name text={those.map(({ name }) => name).join(", ")} />
        </li>
      ))}
    </ul>
  );
}
