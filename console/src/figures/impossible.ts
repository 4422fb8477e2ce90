// Figures that cannot be right, whatever happened: the feed has a fault, and people must not act on them. No React here.

import type { Backlog, KPI } from "../session/payloads.js";
import { number, percent } from "../kit/words.js";

/** Contradictions between figures, in words. */
export function impossible(kpi: KPI | undefined, backlog: Backlog | undefined): string[] {
  const [service, used, staff] = [kpi?.service, kpi?.utilization, kpi?.headcount_gap];
  const isDeferred = staff?.method === "workload"; // what was offered before may be answered now
  const more = (one: number | null | undefined, other: number | null | undefined) =>
    one != null && other != null && one > other;
  const found: [boolean, string][] = [
    [
      !isDeferred && more(service?.answered, service?.offered),
      `${number(service?.answered)} answered of ${number(service?.offered)} offered`,
    ],
    [
      !isDeferred && more(service?.abandoned, service?.offered),
      `${number(service?.abandoned)} abandoned of ${number(service?.offered)} offered`,
    ],
    [more(service?.service_level, 100), `a service level of ${percent(service?.service_level)}`],
    [more(used?.occupancy, 100), `an occupancy of ${percent(used?.occupancy)}`],
    [
      more(backlog?.items_over_sla, backlog?.total_items),
      `${number(backlog?.items_over_sla)} over SLA of ${number(backlog?.total_items)} items`,
    ],
  ];
  return found.filter(([is]) => is).map(([, words]) => words);
}
