import { useKPIUpdates } from "intraday-realtime/hooks/useWebSocket";

export function KPIDashboard() {
  const {
    latestUpdate: kpi,
    ready,
    stale,
    problem,
  } = useKPIUpdates(undefined, {
    organization_id: "org_123",
    department_id: "dept_456",
    queue_name: "support",
  });
  if (problem) return <p role="alert">{problem.message}</p>; // a token that is limited to another department, say
  if (!ready) return <p>Loading</p>;
  if (!kpi) return <p>No figures yet.</p>;
  const { utilization, headcount_gap, sla_risk, reasons } = kpi;
  return (
    <dl data-stale={stale}>
      <dt>Utilization</dt>
      <dd title={reasons?.["utilization.current_utilization"]}>{utilization.current_utilization ?? "–"} %</dd>
      <dt>Agents short</dt>
      <dd>{headcount_gap.shortfall ?? "–"}</dd>
      <dt>Risk to the service level</dt>
      <dd>{sla_risk.risk_level ?? "unknown"}</dd>
    </dl>
  );
}
