import { visibleText } from "../../../../schema/visible-text.ts";
import { answerTo } from "../../api/answer.ts";
import { askNow } from "../../api/ask-now.ts";
import { EngineNames } from "../../generated/scans.ts";

/** How scans are repeated, with the engines that would take part now. */
export async function howRepeated(): Promise<string> {
  const { engines } = await answerTo(askNow(EngineNames, {}));
  const usable = engines.filter(({ enabled, available }) => enabled && available);
  const off = engines.filter(({ enabled }) => !enabled);
  const away = engines.filter(({ enabled, available }) => enabled && !available);
  const namesOf = (those: typeof engines) => those.map(({ name }) => visibleText(name)).join(", ");
  return [
    "Each becomes a new scan with the same options, when the engines have little else to do.",
    usable.length > 0 ? `Engines that are on now: ${namesOf(usable)}.` : "No engine is there now.",
    off.length > 0 && `Switched off: ${namesOf(off)}.`,
    away.length > 0 && `Unhealthy or away: ${namesOf(away)}.`,
    !usable.some(({ type }) => type === "AV") && "No antivirus engine takes part: no file can be proven clean.",
  ]
    .filter((sentence) => sentence !== false)
    .join(" ");
}
