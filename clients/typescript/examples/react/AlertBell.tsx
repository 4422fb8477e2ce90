import { type Alert, useAlertNotifications } from "intraday-realtime/hooks/useWebSocket";

export function AlertBell({ organization, toast }: { organization: string; toast: (alert: Alert) => void }) {
  const { alertCount, clearAlertCount, openAlerts, ready, problem } = useAlertNotifications(toast, {
    organization_id: organization,
  });
  if (problem) return <p role="alert">🔔 {problem.message}</p>; // never "0 of 0" for what may not be seen
  if (!ready) return <p>🔔 Loading</p>;
  const critical = openAlerts.filter(({ severity }) => severity === "critical");
  return (
    <button onClick={clearAlertCount} aria-label={`${alertCount} new alerts`}>
      🔔 {alertCount} new, {critical.length} critical of {openAlerts.length} open
    </button>
  );
}
